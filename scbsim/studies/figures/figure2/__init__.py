"""Figure 2: softmax against linear attention."""

"""The output file of a run: schema, writer, reader."""

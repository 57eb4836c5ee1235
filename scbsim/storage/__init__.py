"""The output file: schema, writer, reader."""

"""What every stage speaks: boxes, classes, frames, images, masks, tables and errors. Imports nothing above."""

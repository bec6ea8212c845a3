"""What the demo's shop says and gives away. Words and files are made for it and belong to nobody."""

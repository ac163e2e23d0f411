"""How the folders of data sets are laid out."""

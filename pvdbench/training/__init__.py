"""Training: losses, recipes, the loop, checkpoints, several processes."""

"""What a competing method must offer, and how a folder of methods/ is loaded."""

"""The rendered data sets: photographs filmed by a simulated hand-held camera, with true flow."""

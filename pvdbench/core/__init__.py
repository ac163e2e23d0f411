"""What every folder may use: errors, parameters, entry points, the device, gray values, padding and the warp."""

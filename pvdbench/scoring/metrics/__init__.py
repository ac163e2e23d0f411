"""Metrics: PSNR, SSIM, registration, flow."""

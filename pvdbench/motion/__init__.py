"""Motion estimation (Sec. 3.1): LiteFlowNet, the body of BIMNet."""

"""The networks of the paper: LiteFlowNet (BIMNet), FlowNet2, PVDNet, pixel and cost volumes."""

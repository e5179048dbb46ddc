"""eLVMass-Net, its weight bundles, and the estimate they give."""

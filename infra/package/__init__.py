"""From the registry to what a deployment uploads: one application, its templates, its roles."""

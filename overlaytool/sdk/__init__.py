"""The build in the SDK container."""

"""Programs that run foreign code: started without a network, with few files, and ended with this process."""

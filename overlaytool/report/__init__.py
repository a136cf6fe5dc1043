"""What is shown of a resolution: graph, tree, page, drawing."""

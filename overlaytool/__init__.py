"""overlaytool: add Gentoo packages to a Flatcar Container Linux image."""

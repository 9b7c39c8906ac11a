// For Android Studio, and for a machine with Android's SDK. Where there is none, pom.xml compiles and
// tests the same sources.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "manyhands"
include(":app")

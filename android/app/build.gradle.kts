// Before it is built, `cargo` and the bindings' generator have to have made what it takes from core/:
// core/kotlin with the generated sources, core/jniLibs/ABI with the library. See README.md beside it.
plugins {
    id("com.android.application") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.21"
}

/** The host of web links: `-Phost=example.org`. Without one, links are `manyhands:` addresses. */
val host = providers.gradleProperty("host").orNull

android {
    namespace = "app.manyhands"
    compileSdk = 35

    defaultConfig {
        applicationId = "app.manyhands"
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += listOf("arm64-v8a", "armeabi-v7a", "x86_64") }
        resValue("string", "link_host", host ?: "host.invalid")
        resValue("bool", "has_link_host", (host != null).toString())
    }

    sourceSets["main"].kotlin.srcDir("../core/kotlin")
    sourceSets["main"].jniLibs.srcDir("../core/jniLibs")

    buildTypes["release"].isMinifyEnabled = true
    buildTypes["release"].proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "rules.pro")

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
}

kotlin.compilerOptions.allWarningsAsErrors = true

dependencies {
    implementation("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
    implementation("com.google.zxing:core:3.5.4")
}

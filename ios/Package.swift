// swift-tools-version: 6.0
import Foundation
import PackageDescription

// On a Mac the core is the XCFramework that ios/xcframework makes. Elsewhere its library is found in
// CORE_LIBRARY_DIR.
let environment = ProcessInfo.processInfo.environment
var link: [LinkerSetting] = []
if let folder = environment["CORE_LIBRARY_DIR"] {
    // Debian's library of Observation asks for a function that no library of its Swift has, and that is
    // called by nothing but a failed check in the runtime.
    let linker = ["-rpath", folder, "--allow-shlib-undefined"].flatMap { ["-Xlinker", $0] }
    link.append(.unsafeFlags(["-L\(folder)"] + linker))
}
#if os(Linux)
    link.append(.linkedLibrary("manyhands_bindings"))
    let core = Target.systemLibrary(name: "ManyhandsCoreFFI", path: "Generated/ManyhandsCoreFFI")
#else
    let core = Target.binaryTarget(name: "ManyhandsCoreFFI", path: "Generated/ManyhandsCore.xcframework")
#endif
let strict: [SwiftSetting] = [.unsafeFlags(["-warnings-as-errors"])]

// The app's sources are compiled here too, against stand-ins that have the signatures of Apple's
// modules and nothing behind them: consistency with our reading of the documentation, no more. Xcode
// takes project.yml, and never sees these targets.
func standIn(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "AppleCheck/\(name)")
}
var appleCheck: [Target] = []
#if os(Linux)
    appleCheck = [
        standIn("CoreMedia"),
        standIn("VideoToolbox", ["CoreMedia"]),
        standIn("Security", ["CoreMedia"]),
        standIn("UIKit"),
        standIn("AVFoundation", ["CoreMedia", "UIKit"]),
        standIn("AVKit", ["AVFoundation"]),
        standIn("SwiftUI", ["UIKit"]),
        standIn("Network"),
        standIn("CoreImage"),
        standIn("PhotosUI", ["SwiftUI"]),
        standIn("CallKit"),
        .target(
            name: "ManyhandsApp",
            dependencies: [
                "ManyhandsKit", "ManyhandsCore", "SwiftUI", "UIKit", "AVFoundation", "AVKit",
                "VideoToolbox", "Security", "Network", "CallKit", "CoreImage", "PhotosUI",
            ],
            path: "App", exclude: ["Resources"], swiftSettings: strict),
    ]
#endif

let package = Package(
    name: "Manyhands",
    defaultLocalization: "en",
    platforms: [.iOS(.v17), .macOS(.v15)],
    products: [.library(name: "ManyhandsKit", targets: ["ManyhandsKit", "ManyhandsCore"])],
    targets: [
        // Both are written by the generator of `bindings`, and never committed. Targets of their own,
        // so that strictness and lint are about what is ours.
        core,
        .target(
            name: "ManyhandsCore",
            dependencies: ["ManyhandsCoreFFI"],
            path: "Generated/ManyhandsCore",
            linkerSettings: link
        ),
        .target(
            name: "ManyhandsKit", dependencies: ["ManyhandsCore"], resources: [.process("Resources")],
            swiftSettings: strict),
        // What tests play and hold against each other, and the kit at one end of another shell's test.
        .target(
            name: "Filmed", dependencies: ["ManyhandsKit", "ManyhandsCore"], path: "Tests/Filmed",
            swiftSettings: strict),
        .executableTarget(
            name: "shell", dependencies: ["Filmed", "ManyhandsKit", "ManyhandsCore"], path: "Tests/Shell",
            swiftSettings: strict),
        .testTarget(
            name: "ManyhandsKitTests", dependencies: ["ManyhandsKit", "Filmed"], swiftSettings: strict),
    ] + appleCheck,
    swiftLanguageModes: [.v6]
)

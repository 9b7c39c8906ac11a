// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Off Apple's systems the library is found in CORE_LIBRARY_DIR; an app links the XCFramework instead,
// and never sees these flags.
var link: [LinkerSetting] = []
if let folder = ProcessInfo.processInfo.environment["CORE_LIBRARY_DIR"] {
    link = [.unsafeFlags(["-L\(folder)", "-Xlinker", "-rpath", "-Xlinker", folder])]
}
let strict: [SwiftSetting] = [.unsafeFlags(["-warnings-as-errors"])]

let package = Package(
    name: "Manyhands",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "ManyhandsKit", targets: ["ManyhandsKit"])],
    targets: [
        // Both are written by the generator of `bindings`, and never committed. Targets of their own,
        // so that strictness and lint are about what is ours.
        .systemLibrary(name: "ManyhandsCoreFFI", path: "Generated/ManyhandsCoreFFI"),
        .target(
            name: "ManyhandsCore",
            dependencies: ["ManyhandsCoreFFI"],
            path: "Generated/ManyhandsCore",
            linkerSettings: link + [.linkedLibrary("manyhands_bindings")]
        ),
        .target(name: "ManyhandsKit", dependencies: ["ManyhandsCore"], swiftSettings: strict),
        .testTarget(name: "ManyhandsKitTests", dependencies: ["ManyhandsKit"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

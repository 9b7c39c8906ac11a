import Foundation
import ManyhandsKit

/// Small files in the app's own folder.
struct FileDrawer: Keeping {
    private let folder: URL

    init(_ folder: URL) {
        self.folder = folder
    }

    func read(_ name: String) -> Data? {
        try? Data(contentsOf: folder.appending(path: name))
    }

    func write(_ name: String, _ data: Data?) throws {
        let file = folder.appending(path: name)
        if let data {
            try data.write(to: file, options: .atomic)
        } else {
            try FileManager.default.removeItem(at: file)
        }
    }
}

enum Folder {
    /// The app's folder, which nobody sees. It is made when it isn't there.
    static var own: URL {
        let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask)
        let folder = support[0].appending(path: "Manyhands")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

import Foundation

/// The machine's own programs. HOST_COMMAND is what has to stand in front of them where the tests run
/// in a root of their own.
package func program(_ words: [String]) -> Process {
    let prefix = ProcessInfo.processInfo.environment["HOST_COMMAND"] ?? ""
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = prefix.split(separator: " ").map(String.init) + words
    process.standardInput = FileHandle.nullDevice
    return process
}

package struct Failed: Error {
    let what: String

    package init(what: String) { self.what = what }
}

/// Runs one to its end and gives what it says.
package func output(_ command: String) throws -> Data {
    let process = program(command.split(separator: " ").map(String.init))
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed(what: command) }
    return said
}

/// A folder that is gone after the test.
package final class Folder: Sendable {
    package let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("manyhands-\(UUID().uuidString)").path

    package init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// The desktop's program, and the events that it tells, a line each. It ends with this process, however
/// that ends.
package final class Desktop {
    package let events: AsyncStream<String>
    private let process: Process

    /// `explains`: what else it has to say comes among the events.
    package init(_ folder: Folder, _ arguments: [String], explains: Bool = false) throws {
        let state = folder.file("state-\(arguments[0])")
        var own = ["--json", "--with-parent", "--listen", "127.0.0.1:0", "--state-dir", state]
        if explains { own.append("-vv") }
        let manyhands = ProcessInfo.processInfo.environment["MANYHANDS_PROGRAM"] ?? "manyhands"
        process = program([manyhands] + arguments + own)
        let pipe = Pipe()
        process.standardOutput = pipe
        if explains { process.standardError = pipe }
        let (events, lines) = AsyncStream.makeStream(of: String.self)
        self.events = events
        try process.run()
        let handle = pipe.fileHandleForReading
        Thread.detachNewThread {
            var rest = Data()
            while case let said = handle.availableData, !said.isEmpty {
                rest += said
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    lines.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[rest.index(after: end)...])
                }
            }
            lines.finish()
        }
    }

    deinit {
        process.terminate()
    }

    /// Waits for an event of this name.
    package func event(_ name: String) async throws {
        for await line in events where line.contains("\"event\":\"\(name)\"") { return }
        throw Failed(what: "it ended without \(name)")
    }

    /// Waits until it says this, in whatever words around it.
    package func says(_ words: String) async throws {
        for await line in events where line.contains(words) { return }
        throw Failed(what: "it ended without \(words)")
    }

    /// Waits until this many others are connected to it.
    package func peers(_ count: Int) async throws {
        for await line in events where line.contains("\"event\":\"stats\"") {
            if line.contains("\"peers\":\(count)") { return }
        }
        throw Failed(what: "it ended without \(count) peers")
    }

    /// Stands still, as a machine does whose lid is closed, or goes on where it stood.
    package func stand(_ still: Bool) {
        Foundation.kill(process.processIdentifier, still ? SIGSTOP : SIGCONT)
    }

    /// Ends it without a word to anybody.
    package func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
    }

    /// Waits until it has ended, and gives its exit code.
    package func end() async -> Int32 {
        for await _ in events {}
        process.waitUntilExit()
        return process.terminationStatus
    }
}

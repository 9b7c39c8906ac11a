import Foundation

/// What this process takes of the machine at a moment.
package struct Footprint: Sendable, CustomStringConvertible {
    package var heapBytes: Int
    package var residentBytes: Int
    package var threads: Int
    package var handles: Int

    package init(heapBytes: Int, residentBytes: Int, threads: Int, handles: Int) {
        (self.heapBytes, self.residentBytes) = (heapBytes, residentBytes)
        (self.threads, self.handles) = (threads, handles)
    }

    package var description: String {
        "\(heapBytes) bytes of heap, \(residentBytes) resident, \(threads) threads, \(handles) handles"
    }

    #if os(Linux)
        /// As Linux tells it; what is anonymous is the heap, and the stacks.
        package static func now() throws -> Self {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let lines = status.split(separator: "\n")
            func number(_ name: String) -> Int {
                lines.first { $0.hasPrefix("\(name):") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
            }
            return Self(
                heapBytes: number("RssAnon") * 1024, residentBytes: number("VmRSS") * 1024,
                threads: number("Threads"),
                handles: try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count)
        }
    #endif

    /// What has grown from the first half of the samples to the second, each without its first quarter
    /// of the whole, by their medians: caches have to settle. It may be as much as the first of them
    /// differ among each other, for those who come and go, and a little more.
    package static func growth(_ samples: [Self]) -> [String] {
        let quarter = samples.count / 4
        func check(_ name: String, _ room: Int, _ of: (Self) -> Int) -> String? {
            let first = samples[quarter..<2 * quarter].map(of).sorted()
            let (before, spread) = (first[quarter / 2], first[quarter - 1] - first[0])
            let after = samples.suffix(quarter).map(of).sorted()[quarter / 2]
            return after > before + spread + room ? "\(name) grew from \(before) to \(after)" : nil
        }
        let checks = [
            check("heap", 4_000_000) { $0.heapBytes },
            check("resident memory", 8_000_000) { $0.residentBytes },
            check("threads", 2) { $0.threads },
            check("handles", 4) { $0.handles },
        ]
        return checks.compactMap { $0 }
    }
}

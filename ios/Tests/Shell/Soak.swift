import Filmed
import Foundation
import ManyhandsCore
import ManyhandsKit
import Synchronization

#if os(Linux)
    /// A real path for MANYHANDS_SHELLS_SECONDS (600). Says what this process took of the machine, and
    /// throws when any of that has grown.
    final class Soak: Sendable {
        /// For joining, and for what is on its way.
        private static let spare = 5
        /// Leaving takes the core at most two seconds.
        private static let farewell = Duration.seconds(3)
        /// The longest that a visit may take, until the next one comes.
        private static let visit = 10

        private let folder: Folder
        private let seconds: Int
        private let leaks: Bool
        private let units = Mutex(0)
        private let visits = Mutex(0)

        init() throws {
            let environment = ProcessInfo.processInfo.environment
            folder = try Folder()
            seconds = Int(environment["MANYHANDS_SHELLS_SECONDS"] ?? "") ?? 600
            leaks = environment["MANYHANDS_SHELLS_SABOTAGE"] == "leak"
        }

        /// Encoders push, the desktop watches.
        func push() async throws {
            let (file, copy) = (folder.file("film.mp4"), folder.file("copy.mp4"))
            let film = try Film.make(file, seconds: 8)
            let broadcasting = try Broadcasting(film.goLive())
            let desktop = try Desktop(folder, ["watch", broadcasting.link, "--output", copy])
            try await desktop.event("joined")
            let length = seconds + Self.spare
            try await hold([Task { try await film.play(to: broadcasting, over: length) }])
            desktop.kill()
            broadcasting.close()
            let (came, least) = (try size(copy), try size(file) / 8 * seconds * 9 / 10)
            guard came > least else { throw Failed(what: "\(came) bytes came of \(least)") }
        }

        /// The desktop broadcasts, decoders pull, and viewers come and go.
        func pull() async throws {
            let (desktop, link) = try await broadcaster()
            let watching = try Watching(join(link))
            try await hold([
                Task { try await self.watch(watching) },
                Task { try await self.comeAndGo(link) },
            ])
            watching.close()
            desktop.kill()
            try judge(viewers: 1)
            let visits = visits.withLock { $0 }
            guard visits * Self.visit > seconds else { throw Failed(what: "\(visits) visits") }
        }

        /// One viewer feeds the other: the second has a socket for IPv6 alone, the broadcaster none.
        func feed() async throws {
            let (desktop, link) = try await broadcaster()
            let first = try Watching(join(link, listen: "[::]:0"))
            let second = try Watching(join(link, listen: "[::1]:0"))
            guard let address = first.addresses.first else { throw Failed(what: "no address") }
            try await second.found("[::1]:" + address.split(separator: ":").suffix(1).joined())
            try await hold([first, second].map { viewer in Task { try await self.watch(viewer) } })
            let figures = await second.figures()
            first.close()
            second.close()
            desktop.kill()
            guard figures?.fromBroadcaster == 0 else { throw Failed(what: "the broadcaster fed both") }
            try judge(viewers: 2)
        }

        /// Encoders push, another shell watches: it is told the link.
        func play() async throws {
            let film = try Film.make(folder.file("film.mp4"), seconds: 8)
            let broadcasting = try Broadcasting(film.goLive())
            say("link \(broadcasting.link)")
            try await hold([Task { try await film.play(to: broadcasting, over: seconds + Self.spare) }])
            broadcasting.close()
        }

        /// Another shell's encoders push, decoders pull.
        func follow(_ link: String) async throws {
            let watching = try Watching(join(link))
            for try await event in watching.events {
                if case .joined = event { break }
            }
            say("joined")
            try await hold([Task { try await self.watch(watching) }])
            watching.close()
            try judge(viewers: 1)
        }

        /// The desktop's program, which plays a film round and round, and the link to it.
        private func broadcaster() async throws -> (Desktop, String) {
            let (file, link) = (folder.file("film.mp4"), folder.file("link"))
            _ = try Film.make(file, seconds: 8)
            let desktop = try Desktop(folder, ["broadcast", file, "--loop", "--link-out", link])
            try await desktop.event("live")
            return (desktop, try String(contentsOfFile: link, encoding: .utf8))
        }

        private func watch(_ watching: Watching) async throws {
            async let pictures: Void = count(watching.pictures)
            async let sounds: Void = count(watching.sounds)
            for try await _ in watching.events {}
            _ = try await (pictures, sounds)
        }

        private func count<Unit>(_ stream: AsyncThrowingStream<Unit, any Error>) async throws {
            for try await _ in stream { units.withLock { $0 += 1 } }
        }

        /// One viewer after the other, each from joining to its first picture. It has left when the next
        /// one comes.
        private func comeAndGo(_ link: String) async throws {
            while !Task.isCancelled {
                let watching = try Watching(join(link))
                for try await _ in watching.pictures { break }
                watching.close()
                visits.withLock { $0 += 1 }
                try await Task.sleep(for: Self.farewell)
            }
        }

        /// Looks at this process while the work goes on, and ends that.
        private func hold(_ work: [Task<Void, any Error>]) async throws {
            let (began, count, length) = (ContinuousClock.now, 40, Duration.seconds(seconds))
            var (samples, leaked): ([Footprint], [Leak]) = ([], [])
            for number in 1...count {
                try await Task.sleep(until: began + length * number / count, clock: .continuous)
                if leaks { leaked.append(Leak()) }
                samples.append(try Footprint.now())
            }
            for task in work { task.cancel() }
            for shown in stride(from: 4, to: count, by: 5) { say(samples[shown].description) }
            let growth = Footprint.growth(samples)
            guard growth.isEmpty else { throw Failed(what: growth.joined(separator: ", ")) }
        }

        /// Of 30 pictures and 47 sounds a second, nearly all.
        private func judge(viewers: Int) throws {
            let units = units.withLock { $0 }
            let least = viewers * 73 * (seconds - Self.spare)
            guard units > least else { throw Failed(what: "\(units) units of \(least)") }
        }

        private func size(_ file: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        }
    }

    /// What nobody gives back: memory, a thread and a handle.
    private final class Leak {
        private let memory = Data(repeating: 1, count: 2_000_000)
        private let handle = FileHandle(forReadingAtPath: "/proc/self/status")

        init() {
            Thread.detachNewThread { while true { Thread.sleep(forTimeInterval: 3_600) } }
        }
    }
#endif

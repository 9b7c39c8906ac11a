import Filmed
import Foundation
import ManyhandsCore
import ManyhandsKit
import Synchronization

#if os(Linux)
    /// The real path both ways for so many minutes, with viewers that come and go. Says what it took of
    /// the machine, and throws when any of that has grown.
    final class Soak: Sendable {
        private let folder: Folder
        private let units = Mutex(0)
        private let visits = Mutex(0)

        init() throws {
            folder = try Folder()
        }

        func run(minutes: Int) async throws {
            let (file, link) = (folder.file("film.mp4"), folder.file("link"))
            let film = try Film.make(file, seconds: 8)
            let broadcaster = try Desktop(folder, ["broadcast", file, "--loop", "--link-out", link])
            try await broadcaster.event("live")
            let theirs = try String(contentsOfFile: link, encoding: .utf8)
            let ours = try Broadcasting(film.goLive())
            let viewer = try Desktop(folder, ["watch", ours.link, "--output", folder.file("copy.mp4")])
            let work = [
                Task { try await film.play(to: ours, over: minutes * 60 + 10) },
                Task { try await self.watch(theirs) },
                Task { try await self.comeAndGo(theirs) },
            ]
            let samples = try await sample(minutes)
            for task in work { task.cancel() }
            ours.close()
            viewer.kill()
            broadcaster.kill()
            try judge(samples, minutes)
        }

        private func watch(_ link: String) async throws {
            let watching = try Watching(join(link))
            async let pictures: Void = count(watching.pictures)
            async let sounds: Void = count(watching.sounds)
            for try await _ in watching.events {}
            _ = try await (pictures, sounds)
        }

        private func count<Unit>(_ stream: AsyncThrowingStream<Unit, any Error>) async throws {
            for try await _ in stream { units.withLock { $0 += 1 } }
        }

        /// One viewer after the other, each from joining to its first picture.
        private func comeAndGo(_ link: String) async throws {
            while !Task.isCancelled {
                let watching = try Watching(join(link))
                for try await _ in watching.pictures { break }
                watching.close()
                visits.withLock { $0 += 1 }
            }
        }

        private func sample(_ minutes: Int) async throws -> [Footprint] {
            let (began, count, length) = (ContinuousClock.now, 40, Duration.seconds(minutes * 60))
            var samples: [Footprint] = []
            for number in 1...count {
                try await Task.sleep(until: began + length * number / count, clock: .continuous)
                samples.append(try Footprint.now())
            }
            return samples
        }

        private func judge(_ samples: [Footprint], _ minutes: Int) throws {
            let (units, visits) = (units.withLock { $0 }, visits.withLock { $0 })
            say("\(units) units, \(visits) visits; at first \(samples[0]), at last \(samples[39])")
            // Of 30 pictures and 47 sounds a second, nearly all.
            guard units > 4_400 * minutes, visits > minutes else { throw Failed(what: "too little came") }
            let growth = Footprint.growth(samples)
            guard growth.isEmpty else { throw Failed(what: growth.joined(separator: ", ")) }
        }
    }
#endif

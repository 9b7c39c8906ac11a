import Foundation
import ManyhandsCore
import ManyhandsKit
import Testing

/// The program of the desktop at one end, this kit at the other, real sockets between them.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct RealPathTests {
    let folder = try! Folder()
    let seconds = 8

    @Test func whatTheDesktopBroadcastsComesToTheDecodersAsItIs() async throws {
        let film = try Film.make(folder.file("film.mp4"), seconds: seconds)
        let link = folder.file("link")
        let desktop = try Desktop(folder, ["broadcast", folder.file("film.mp4"), "--link-out", link])
        try await desktop.event("live")
        let watching = try Watching(join(try String(contentsOfFile: link, encoding: .utf8)))
        async let coming = all(watching.pictures)
        async let sounding = all(watching.sounds)
        let (pictures, sounds) = try await (coming, sounding)
        #expect(await desktop.end() == 0)

        let format = try #require(pictures.first?.format)
        #expect((format.width, format.height) == (320, 180))
        #expect([format.sps, format.pps].map(\.count) == [1, 1])
        let seen = pictures.map { FilmUnit(data: $0.data, times: $0.times, keyframe: $0.keyframe) }
        try shift(film.picture, ticks: Int64(format.timescale), seen)
        let heard = try #require(sounds.first?.format)
        #expect(heard.codec == .aac)
        #expect(heard.config == film.sound.configuration.prefix(2))
        let sound = sounds.map { FilmUnit(data: $0.data, times: $0.times, keyframe: true) }
        try shift(film.sound, ticks: Int64(heard.timescale), sound)
        // On the clock that both share, what belongs together is released together.
        let captured = Double(pictures[0].captureUs - sounds[0].captureUs) / 1e6
        let inTheFilm = film.picture.start(of: seen) - film.sound.start(of: sound)
        #expect(abs(captured - inTheFilm) < 0.02)
    }

    @Test func whatTheEncodersPushTheDesktopWritesAsItIs() async throws {
        let film = try Film.make(folder.file("film.mp4"), seconds: seconds)
        let written = folder.file("written.mp4")
        let broadcasting = try Broadcasting(film.goLive())
        let options = ["watch", broadcasting.link, "--output", written, "--timeout", "10"]
        let desktop = try Desktop(folder, options)
        try await desktop.event("joined")
        try await play(film, to: broadcasting)
        let figures = try #require(await broadcasting.finish())
        #expect(figures.sent > 0)
        #expect(await desktop.end() == 0)
        let came = try Film.read(written)
        let picture = try shift(film.picture, ticks: came.picture.ticks, came.picture.units)
        let sound = try shift(film.sound, ticks: came.sound.ticks, came.sound.units)
        #expect(abs(picture - sound) <= 1.01 / Double(film.picture.ticks))
    }

    @Test func twoViewersFeedEachOtherWhenTheBroadcasterCanNotFeedBoth() async throws {
        let film = try Film.make(folder.file("film.mp4"), seconds: 12)
        var options = film.goLive()
        // The stream is half a megabit: it leaves once and a half.
        options.uploadLimitBps = 800_000
        let broadcasting = try Broadcasting(options)
        let viewers = try (0..<2).map { _ in try Watching(join(broadcasting.link)) }
        let seen = viewers.map { viewer in Task { try await all(viewer.pictures) } }
        for viewer in viewers {
            for try await event in viewer.events {
                if case .joined = event { break }
            }
        }
        try await play(film, to: broadcasting)
        var passedOn: UInt64 = 0
        for viewer in viewers { passedOn += await viewer.figures()?.fromViewers ?? 0 }
        #expect(passedOn > 100_000, "bytes that came from the other viewer")
        _ = await broadcasting.finish()
        for pictures in seen {
            let units = try await pictures.value
            let format = try #require(units.first?.format)
            try shift(
                film.picture, ticks: Int64(format.timescale),
                units.map { FilmUnit(data: $0.data, times: $0.times, keyframe: $0.keyframe) })
        }
    }

    /// Pushes a film as fast as it plays, as VideoToolbox gives it: sets apart, lengths in front.
    private func play(_ film: Film, to broadcasting: Broadcasting) async throws {
        try broadcasting.setParameterSets(film.picture.parameterSets)
        let pictures = film.picture.units.map { (film.picture.seconds($0), $0, true) }
        let sounds = film.sound.units.map { (film.sound.seconds($0), $0, false) }
        let due = (pictures + sounds).sorted { $0.0 < $1.0 }
        let began = ContinuousClock.now
        for (at, unit, isPicture) in due {
            try await Task.sleep(until: began + .seconds(at - due[0].0), clock: .continuous)
            if isPicture {
                try broadcasting.pushVideo(unit.data, unit.times)
            } else {
                try broadcasting.pushAudio(unit.data, unit.times)
            }
        }
    }

    /// Holds units against the last ones of those that went, and gives by how many seconds all of them
    /// are shifted.
    @discardableResult
    private func shift(_ film: Track, ticks: Int64, _ came: [FilmUnit]) throws -> Double {
        try #require((film.units.count / 2...film.units.count).contains(came.count))
        let went = film.units.suffix(came.count)
        let tick = 1.01 / Double(min(ticks, film.ticks))
        let shift = film.start(of: came) - Double(came[0].times.dts) / Double(ticks)
        #expect(came[0].keyframe)
        for (theirs, ours) in zip(went, came) {
            try #require(theirs.data == ours.data)
            try #require(theirs.keyframe == ours.keyframe)
            for (a, b) in [(theirs.times.dts, ours.times.dts), (theirs.times.pts, ours.times.pts)] {
                let off = Double(b) / Double(ticks) + shift - Double(a) / Double(film.ticks)
                try #require(abs(off) <= tick)
            }
        }
        return shift
    }
}

let loopback = "127.0.0.1:0"

func join(_ link: String) -> Join {
    Join(link: link, framing: .lengths, listen: loopback)
}

func all<Element>(_ stream: AsyncThrowingStream<Element, any Error>) async throws -> [Element] {
    var found: [Element] = []
    for try await element in stream { found.append(element) }
    return found
}

extension Track {
    /// The film's second at which units begin that go on to its end.
    func start(of units: [FilmUnit]) -> Double {
        seconds(self.units[self.units.count - units.count])
    }
}

extension Film {
    func goLive() -> GoLive {
        GoLive(
            title: "A title", keys: newChannel(), broadcast: 1,
            startedMs: UInt64(Date().timeIntervalSince1970 * 1000), private: false,
            video: VideoTrack(
                timescale: UInt32(picture.ticks), bitrate: 400_000, rotation: 0, framing: .lengths),
            audio: AudioTrack(
                timescale: UInt32(sound.ticks), bitrate: 96_000, codec: .aac, sampleRate: 48_000, channels: 2),
            listen: loopback)
    }
}

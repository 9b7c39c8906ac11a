import Filmed
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
        try film.compare(await Came(watching))
        #expect(await desktop.end() == 0)
    }

    @Test func whatTheEncodersPushTheDesktopWritesAsItIs() async throws {
        let film = try Film.make(folder.file("film.mp4"), seconds: seconds)
        let written = folder.file("written.mp4")
        let broadcasting = try Broadcasting(film.goLive())
        let options = ["watch", broadcasting.link, "--output", written, "--timeout", "10"]
        let desktop = try Desktop(folder, options)
        try await desktop.event("joined")
        try await film.play(to: broadcasting)
        let figures = try #require(await broadcasting.finish())
        #expect(figures.sent > 0)
        #expect(await desktop.end() == 0)
        let came = try Film.read(written)
        let picture = try film.picture.shift(ticks: came.picture.ticks, came.picture.units)
        let sound = try film.sound.shift(ticks: came.sound.ticks, came.sound.units)
        #expect(abs(picture - sound) <= 1.01 / Double(film.picture.ticks))
    }

    /// The broadcaster has a socket for IPv4 alone, the second viewer one for IPv6 alone.
    @Test func whoCanReachOnlyAnotherViewerGetsTheVerySameFromThere() async throws {
        let film = try Film.make(folder.file("film.mp4"), seconds: seconds)
        let broadcasting = try Broadcasting(film.goLive())
        let first = try Watching(join(broadcasting.link, listen: "[::]:0"))
        let second = try Watching(join(broadcasting.link, listen: "[::1]:0"))
        let address = try #require(first.addresses.first)
        try await second.found("[::1]:" + address.split(separator: ":").suffix(1).joined())
        let all = [first, second].map { viewer in Task { try await Came(viewer) } }
        for viewer in [first, second] {
            for try await event in viewer.events {
                if case .joined = event { break }
            }
        }
        try await film.play(to: broadcasting)
        #expect(await first.figures()?.helping == 1)
        _ = await broadcasting.finish()
        for came in all { try film.compare(try await came.value) }
        let figures = try #require(await second.figures())
        #expect(figures.fromBroadcaster == 0 && figures.fromViewers > 100_000)
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
        try await film.play(to: broadcasting)
        var passedOn: UInt64 = 0
        for viewer in viewers { passedOn += await viewer.figures()?.fromViewers ?? 0 }
        #expect(passedOn > 100_000, "bytes that came from the other viewer")
        _ = await broadcasting.finish()
        for pictures in seen {
            let units = try await pictures.value
            let format = try #require(units.first?.format)
            try film.picture.shift(
                ticks: Int64(format.timescale),
                units.map { FilmUnit(data: $0.data, times: $0.times, keyframe: $0.keyframe) })
        }
    }
}

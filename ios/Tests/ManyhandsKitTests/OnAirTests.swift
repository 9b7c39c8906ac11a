import Filmed
import Foundation
import ManyhandsCore
import Testing

@testable import ManyhandsKit

extension OverSockets {
    /// What viewers read when something changes at the other end, or at theirs.
    @MainActor @Suite(.timeLimit(.minutes(2)))
    struct OnAirTests {
        let stage = Stage()

        @Test("B15: with the camera off viewers read so and hear on; on again they see")
        func cameraOff() async throws {
            let (model, link) = try await stage.live(seconds: 30)
            let wall = Wall()
            let viewer = stage.watch(link, wall)
            await until { viewer.machine.phase == .playing }
            model.send(.camera(false))
            await until { viewer.screen.state?.kind == "camera_off" }
            let heard = await wall.until { !$0.sounds.isEmpty }.sounds.count
            await wall.until { $0.sounds.count > heard + 20 }
            model.send(.camera(true))
            await until { viewer.machine.phase == .playing }
            model.send(.end)
            viewer.send(.close)
        }

        @Test("B20, B21: while the camera is gone viewers read Paused and hear on; it comes back by itself")
        func paused() async throws {
            let (model, link) = try await stage.live(seconds: 30)
            let wall = Wall()
            let viewer = stage.watch(link, wall)
            await until { viewer.machine.phase == .playing }
            for (gone, back) in [
                (BroadcastMachine.Input.film(.taken), BroadcastMachine.Input.film(.running)),
                (.left, .returned),
            ] {
                model.send(gone)
                await until { viewer.screen.state?.kind == "paused" }
                let heard = await wall.until { !$0.sounds.isEmpty }.sounds.count
                await wall.until { $0.sounds.count > heard + 20 }
                model.send(back)
                await until { viewer.machine.phase == .playing }
            }
            model.send(.end)
            viewer.send(.close)
        }

        @Test("B21: where that was chosen viewers read Paused and hear nothing, until the person is back")
        func pausedWithSound() async throws {
            let (model, link) = try await stage.live(seconds: 30)
            model.soundGoesOn = false
            let wall = Wall()
            let viewer = stage.watch(link, wall)
            await until { viewer.machine.phase == .playing }
            await wall.until { !$0.sounds.isEmpty && !$0.pictures.isEmpty }
            model.send(.left)
            await until { viewer.screen.state?.kind == "paused" }
            let before = wall.now
            try await Task.sleep(for: .seconds(1))
            #expect(wall.now.sounds.count == before.sounds.count)
            #expect(wall.now.pictures.count == before.pictures.count)
            // A change takes effect at once, left or not.
            model.soundGoesOn = true
            await wall.until { $0.sounds.count > before.sounds.count + 20 }
            #expect(viewer.screen.state?.kind == "paused")
            model.soundGoesOn = false
            model.send(.returned)
            let back = ContinuousClock.now
            await until { viewer.machine.phase == .playing }
            await wall.until { $0.pictures.count > before.pictures.count }
            // A phone's encoder begins with a keyframe; the film has one a second.
            #expect(ContinuousClock.now - back < .seconds(2))
            model.send(.end)
            viewer.send(.close)
        }

        @Test("B27: a link to a channel that is not live waits, and begins by itself")
        func waiting() async throws {
            let film = try Film.make(stage.folder.file("film.mp4"), seconds: 20)
            var options = film.goLive()
            let first = try Broadcasting(options)
            let link = first.link
            _ = await first.finish()
            let viewer = stage.watch(link)
            await until { viewer.screen.state?.title == "Not live yet" }
            (options.broadcast, options.startedMs) = (2, options.startedMs + 1000)
            options.listen = try #require(inspectLink(text: link).hints.first)
            let second = try Broadcasting(options)
            var orders = FilmingOrders()
            (orders.open, orders.coding) = (true, true)
            await FilmCamera(film).follow(orders, into: second)
            await until { viewer.machine.phase == .playing }
            viewer.send(.close)
            second.close()
        }

        @Test("B28: it is told whose side it is on")
        func sides() async throws {
            let (film, link) = (stage.folder.file("film.mp4"), stage.folder.file("link"))
            _ = try Film.make(film, seconds: 4)
            let broadcaster = try Desktop(stage.folder, ["broadcast", film, "--loop", "--link-out", link])
            try await broadcaster.event("live")
            let copy = stage.folder.file("copy.mp4")
            let other = try Desktop(stage.folder, ["watch", "@\(link)", "--output", copy])
            let viewer = stage.watch(try String(contentsOfFile: link, encoding: .utf8))
            await until { viewer.machine.phase == .playing }
            // The broadcaster and this viewer.
            try await other.peers(2)
            broadcaster.kill()
            await until { viewer.screen.state?.kind == "broadcaster_silent" }
            let said = viewer.said
            other.kill()
            await until { viewer.screen.state?.kind == "cut_off" }
            viewer.send(.device(DeviceReport(unreachable: true)))
            await until { viewer.screen.state?.kind == "no_network" }
            #expect(viewer.said == said, "that it is lost is said once")
            viewer.send(.close)
        }

        @Test("B29: healed, the notice is gone within 2 s, the picture is live, and it is told once")
        func healed() async throws {
            let (film, link) = (stage.folder.file("film.mp4"), stage.folder.file("link"))
            _ = try Film.make(film, seconds: 4)
            let broadcaster = try Desktop(stage.folder, ["broadcast", film, "--loop", "--link-out", link])
            try await broadcaster.event("live")
            let viewer = stage.watch(try String(contentsOfFile: link, encoding: .utf8))
            viewer.send(.sound(false))
            await until { viewer.screen.badge == .live }
            let before = try #require(viewer.machine.figures?.latencyMs)
            broadcaster.stand(true)
            await until { viewer.screen.state?.kind == "cut_off" }
            let lost = try #require(viewer.said)
            broadcaster.stand(false)
            let healed = ContinuousClock.now
            await until { viewer.screen.state == nil }
            #expect(ContinuousClock.now - healed < .seconds(2))
            await until { (viewer.machine.figures?.latencyMs ?? .max) < before + 1000 }
            // Two seconds, and what the figures are late by.
            #expect(ContinuousClock.now - healed < .seconds(3))
            #expect(viewer.screen.badge == .live && !viewer.machine.orders.sound)
            #expect(viewer.said?.number == lost.number + 1 && viewer.said?.text == "The picture is back.")
            viewer.send(.close)
        }

        @Test("B32: who has paused is behind and stays so, until a tap goes to live")
        func behind() async throws {
            let (model, link) = try await stage.live(seconds: 40)
            let viewer = stage.watch(link)
            await until { viewer.screen.badge == .live }
            viewer.send(.play(false))
            #expect(viewer.screen.badge == .paused)
            await until { (viewer.machine.figures?.behindMs ?? 0) > 6000 }
            viewer.send(.play(true))
            await until { viewer.screen.badge == .behind }
            #expect(viewer.screen.badgeText.hasSuffix("s behind · Go live"))
            viewer.send(.toLive)
            await until { viewer.screen.badge == .live }
            model.send(.end)
            viewer.send(.close)
        }
    }
}

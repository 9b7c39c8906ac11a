import Foundation
import ManyhandsCore
import Testing

@testable import ManyhandsKit

extension OverSockets {
    /// Going live, and what viewers get of it.
    @MainActor @Suite(.timeLimit(.minutes(2)))
    struct LiveTests {
        let stage = Stage()

        @Test("B5, B6, B10: the preview has no link, going live has one within a second, and its end is told")
        func fromThePreviewToTheEnd() async throws {
            let (model, camera) = try stage.broadcast(seconds: 20)
            await until { model.machine.camera == .running }
            #expect(model.link == nil && camera.orders.allSatisfy { !$0.coding })

            let tapped = ContinuousClock.now
            model.send(.goLive)
            #expect(model.preview.isGoingLive)
            await until { model.machine.isLive }
            #expect(ContinuousClock.now - tapped < .seconds(1))
            #expect(
                model.live.time == "0:00" && model.said?.text == "You are live" && model.touch == .success)

            let wall = Wall()
            let viewer = stage.watch(try #require(model.link), wall)
            await until { viewer.machine.phase == .playing }
            #expect(viewer.title == model.title)
            await until { model.live.viewers == "1 watching" }
            model.send(.askToEnd)
            #expect(model.live.end?.people == "1 person is watching.")
            model.send(.end)
            #expect(model.ended?.people == "1 person watched" && model.link == nil)
            await until { viewer.screen.state?.title == "The broadcast has ended" }
            await until { model.ended?.data != nil }
        }

        @Test("B14: a muted microphone is silence at the viewers within 300 ms of what they play")
        func muted() async throws {
            let (model, link) = try await stage.live(seconds: 20)
            let wall = Wall()
            let viewer = stage.watch(link, wall)
            let before = await wall.until { $0.sounds.count > 20 }
            #expect(before.sounds.allSatisfy { $0.unit.data != FilmCamera.silence })
            let last = try #require(before.sounds.last?.unit.captureUs)
            let latencyMs = try #require(await latency(of: viewer))
            model.send(.microphone(false))
            let after = await wall.until { $0.sounds.contains { $0.unit.data == FilmCamera.silence } }
            let silent = try #require(after.sounds.first { $0.unit.data == FilmCamera.silence })
            // Heard at `last`, the microphone was at `last` and the latency.
            #expect(silent.unit.captureUs - last < 300_000 + latencyMs * 1000)
            #expect(model.live.muted && model.said?.text == "Microphone off")
            model.send(.end)
            viewer.send(.close)
        }

        private func latency(of viewer: WatchModel) async -> Int64? {
            await until { viewer.machine.figures?.latencyMs != nil }
            return viewer.machine.figures?.latencyMs
        }
    }
}

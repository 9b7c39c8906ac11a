import Foundation
import ManyhandsCore
import Testing

@testable import ManyhandsKit

extension OverSockets {
    /// What holds lending back, from the switch to the core and to the words.
    @MainActor @Suite(.timeLimit(.minutes(2)))
    struct LendingTests {
        let stage = Stage()

        @Test(
            "B33, B34: nothing is given before OK; a switch, a call or mobile data stop it with their reason")
        func lending() async throws {
            let (model, link) = try await stage.live(seconds: 20)
            let viewer = stage.watch(link)
            await until { viewer.machine.figures != nil }
            #expect(viewer.lending.asks && viewer.lending.reason == "Not yet: waiting for your OK")
            #expect(viewer.choice.onWifi && !viewer.choice.onMobile)

            viewer.lend(true)
            await until { viewer.lending.reason == "Ready, nobody needs it now" }
            #expect(viewer.lending.isOn)
            await until { viewer.lending.today.hasSuffix("on mobile data") }
            for (change, reason) in [
                ({ ($0.charging, $0.battery) = (false, 80) }, "Half: on battery"),
                ({ $0.warmth = .serious }, "Half: phone is warm"),
                ({ $0.inCall = true }, "Paused: you are in a call"),
                ({ $0.path = .init(kind: .mobile, expensive: true) }, "Paused: on mobile data"),
                ({ $0.path.constrained = true }, "Paused: Low Data Mode is on"),
                (
                    { ($0.charging, $0.lowPower, $0.battery) = (false, true, 50) },
                    "Paused: Low Power Mode is on"
                ),
                ({ $0.warmth = .critical }, "Paused: phone is hot"),
            ] as [((inout DeviceReport) -> Void, String)] {
                var report = DeviceReport(unreachable: false)
                change(&report)
                let told = ContinuousClock.now
                viewer.send(.device(report))
                await until { viewer.lending.reason == reason }
                #expect(ContinuousClock.now - told < .seconds(1))
            }
            viewer.send(.device(DeviceReport(unreachable: false)))
            viewer.lend(false)
            await until { viewer.lending.reason == "Off: you switched it off" }
            #expect(!viewer.lending.isOn)
            viewer.send(.close)
            model.send(.end)
        }

        @Test("B35: what is better again waits ten seconds, and what was given today only grows")
        func better() async throws {
            let (model, link) = try await stage.live(seconds: 30)
            let viewer = stage.watch(link, agreed: true)
            var given: [UInt64] = []
            func until(_ reason: String) async {
                await ManyhandsKitTests.until {
                    if let today = viewer.machine.figures?.givenToday { given.append(today) }
                    return viewer.lending.reason == reason
                }
            }
            await until("Ready, nobody needs it now")
            var call = DeviceReport(unreachable: false)
            call.inCall = true
            viewer.send(.device(call))
            await until("Paused: you are in a call")
            let hungUp = ContinuousClock.now
            viewer.send(.device(DeviceReport(unreachable: false)))
            await until("Ready, nobody needs it now")
            #expect((.seconds(9.9)...(.seconds(12))).contains(ContinuousClock.now - hungUp))
            #expect(given == given.sorted() && given.last ?? 0 > 0)
            viewer.send(.close)
            model.send(.end)
        }

        @Test("B37: closed, the session is over and nothing is lent")
        func closed() async throws {
            let (model, link) = try await stage.live(seconds: 20)
            let wall = Wall()
            let viewer = stage.watch(link, wall, agreed: true)
            await until { model.live.viewers == "1 watching" && viewer.machine.phase == .playing }
            viewer.send(.left)
            #expect(viewer.machine.orders.plays)
            viewer.send(.screen(.smallPicture(false)))
            #expect(!viewer.machine.isRunning)
            await until { model.live.nobodyWatches }
            model.send(.end)
        }
    }
}

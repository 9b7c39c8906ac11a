import ManyhandsCore
import Testing

@testable import ManyhandsKit

/// A broadcast as a state machine, and the words that its screens make of it.
@Suite struct BroadcastMachineTests {
    let words = Words(["en"])
    let began = ContinuousClock.now
    var machine = BroadcastMachine()

    init() {
        _ = machine.handle(.device(wifi()), at: began)
        _ = machine.handle(.open, at: began)
    }

    private func wifi(_ change: (inout DeviceReport) -> Void = { _ in }) -> DeviceReport {
        var report = DeviceReport()
        report.path = .init(kind: .wifi)
        change(&report)
        return report
    }

    @discardableResult
    private mutating func at(
        _ seconds: Double, _ input: BroadcastMachine.Input
    ) -> [BroadcastMachine.Effect] {
        machine.handle(input, at: began + .seconds(seconds))
    }

    private mutating func goLive() {
        at(0, .goLive)
        at(0, .isLive)
    }

    private func live(_ seconds: Double = 0) -> LiveScreen {
        LiveScreen(machine, at: began + .seconds(seconds), words)
    }

    private func preview(_ seconds: Double = 0) -> PreviewScreen {
        PreviewScreen(machine, at: began + .seconds(seconds), words)
    }

    @Test("B5: in the preview the camera runs, nothing is coded, and the screen says so")
    mutating func b5() {
        at(0, .film(.running))
        for (second, input) in [
            BroadcastMachine.Input.microphone(false), .camera(false), .front(true), .torch(true), .tick,
            .left, .returned, .film(.taken), .film(.running), .device(wifi { $0.warmth = .shutdown }),
        ].enumerated() {
            at(Double(second), input)
            #expect(machine.orders.open && !machine.orders.coding)
        }
        #expect(preview().reassurance == "Only you see this. You are not live.")
    }

    @Test("B6: Go live answers at once, and live begins at 0:00 with a word and a touch")
    mutating func b6() {
        #expect(at(0, .goLive) == [.goLive])
        #expect(preview().goLive == "Going live…" && !preview().canGoLive)
        #expect(preview(4.9).hint == nil)
        #expect(preview(5).hint == "Finding the way out of this network…")
        #expect(at(6, .isLive) == [.say(.saidLive), .feel(.success)])
        #expect(live(6).time == "0:00")
        #expect(machine.orders.coding)
        #expect(live(767).time == "12:41")
    }

    @Test("B7: without a network Go live is off, and on again without leaving")
    mutating func b7() {
        at(1, .device(wifi { $0.path.reachable = false }))
        #expect(!preview().canGoLive)
        #expect(preview().hint == "You are offline. Turn on Wi-Fi or mobile data.")
        #expect(at(2, .goLive).isEmpty && machine.phase == .preview)
        at(3, .device(wifi()))
        #expect(preview().canGoLive && preview().hint == nil)
    }

    @Test("B8: on mobile data the cost of an hour shows before Go live")
    mutating func b8() {
        #expect(!preview().costs && preview().cost == "About 1.9 GB an hour")
        at(1, .device(wifi { $0.path = .init(kind: .mobile, expensive: true) }))
        #expect(preview().costs && preview().cost == "About 1.9 GB an hour, on mobile data")
    }

    @Test("B9: viewers are nobody, one, and about many")
    mutating func b9() {
        goLive()
        for (count, said) in [
            (UInt64(0), "Nobody is watching yet"), (1, "1 watching"), (1_234, "about 1,200 watching"),
        ] {
            at(1, .figures(figures { $0.viewers = count }))
            #expect(live(1).viewers == said && live(1).nobodyWatches == (count == 0))
        }
    }

    @Test("B10: End asks; Keep going changes nothing; End broadcast ends and shows how long it was")
    mutating func b10() {
        goLive()
        at(1, .askToEnd)
        #expect(live(1).end?.title == "End the broadcast?")
        let orders = machine.orders
        at(2, .keepGoing)
        #expect(live(2).end == nil && machine.orders == orders && machine.isLive)
        at(3, .askToEnd)
        #expect(at(2_880, .end) == [.finish, .say(.endedHeading), .feel(.success)])
        #expect(!machine.orders.open && !machine.orders.coding)
        let ended = EndedScreen(machine, title: "The match", words)
        #expect(ended?.length == "The match, 48 minutes")
        #expect(ended?.people == "Nobody watched this time")
    }

    @Test("B14: a muted microphone shows, is announced, and gives silence")
    mutating func b14() {
        goLive()
        #expect(at(1, .microphone(false)) == [.say(.saidMicrophoneOff)])
        #expect(live().muted && !machine.orders.sound)
        #expect(at(2, .microphone(true)) == [.say(.saidMicrophoneOn)])
        #expect(!live().muted && machine.orders.sound)
    }

    @Test("B15: with the camera off viewers get the card and the sound, and the picture again after")
    mutating func b15() {
        goLive()
        at(1, .camera(false))
        #expect(machine.onAir == .cameraOff && !machine.orders.camera && machine.orders.sound)
        #expect(live().card == "Camera off")
        at(2, .camera(true))
        #expect(machine.onAir == .everything && machine.orders.camera && live().card == nil)
    }

    @Test("B16: a turned phone keeps the sent shape, and says once that there are bars")
    mutating func b16() {
        at(0, .film(.turned(upright: false)))
        at(0, .film(.turned(upright: true)))
        goLive()
        let upright = Encoding.picture(upright: true)
        #expect(machine.orders.picture == upright && upright.height > upright.width)
        at(1, .film(.turned(upright: false)))
        #expect(machine.orders.picture == upright)
        #expect(live().banner?.text == words(.barsHint))
        at(2, .film(.turned(upright: true)))
        #expect(live().banner == nil)
        at(3, .film(.turned(upright: false)))
        #expect(live().banner == nil && machine.orders.picture == upright, "said once")
    }

    @Test("B17: heat makes the picture smaller twice, then ends it with the sound on")
    mutating func b17() {
        goLive()
        for (warmth, heat, title, steps) in [
            (DeviceReport.Warmth.serious, Heat.moderate, "Phone is warm", UInt8(1)),
            (.critical, .severe, "Phone is hot", 2), (.shutdown, .critical, "Too hot, camera off", 2),
        ] {
            at(1, .film(.warmth(warmth)))
            #expect(machine.state(utcOffset: 0).heat == heat, "the core hears it")
            at(1, .session(.encode(target: target(steps, cameraOff: warmth == .shutdown, .heat))))
            #expect(live().banner?.title == title)
            #expect(machine.orders.picture == target(steps).picture)
        }
        #expect(machine.onAir == .cameraOff && machine.orders.sound)
        at(2, .film(.warmth(.fair)))
        at(2, .session(.encode(target: target(0))))
        #expect(machine.onAir == .everything && live().banner == nil)
    }

    @Test("B18: each of the battery's marks is told once, however it wobbles")
    mutating func b18() {
        goLive()
        for (percent, shown) in [
            (UInt8(21), nil), (20, "Battery 20 %"), (21, "Battery 20 %"), (10, "Battery 10 %"),
            (11, "Battery 10 %"), (4, "Battery 5 %"),
        ] as [(UInt8, String?)] {
            at(1, .device(wifi { ($0.battery, $0.charging) = (percent, false) }))
            #expect(live().banner?.title == shown)
        }
        at(2, .device(wifi { ($0.battery, $0.charging) = (5, true) }))
        #expect(live().banner == nil)
    }

    @Test("B19: a call is never sent, and the microphone comes back as it was, announced")
    mutating func b19() {
        goLive()
        #expect(at(1, .device(wifi { $0.inCall = true })) == [.say(.saidMicrophoneOff)])
        #expect(!machine.orders.sound && machine.onAir == .everything)
        #expect(live().banner?.title == "Sound is off during your call")
        #expect(at(2, .device(wifi())) == [.say(.saidMicrophoneOn)])
        #expect(machine.orders.sound)
        at(3, .microphone(false))
        at(4, .device(wifi { $0.inCall = true }))
        #expect(at(5, .device(wifi())).isEmpty && !machine.orders.sound, "it was off before")
    }

    @Test("B20: a camera that was taken shows Paused, and comes back when it is free")
    mutating func b20() {
        goLive()
        at(1, .film(.taken))
        #expect(machine.onAir == .picturePaused && live().card == "Paused" && machine.orders.sound)
        #expect(live().banner?.title == "Another app has the camera")
        at(2, .film(.running))
        #expect(machine.onAir == .everything && live().banner == nil)
    }

    @Test("a camera or an encoder that fails is told with two ways on, the sound goes on, and it comes back")
    mutating func cameraFailed() {
        at(0, .film(.running))
        goLive()
        at(1, .film(.failed))
        #expect(machine.onAir == .cameraOff && machine.orders.sound && machine.isLive)
        #expect(live(1).banner?.kind == "camera_failed")
        #expect(live(1).banner?.actions == [.useCameraAgain, .soundOnly])
        at(2, .film(.running))
        #expect(machine.onAir == .everything && live(2).banner == nil)
    }

    @Test("B21: leaving the app pauses the picture, and the sound too where that was chosen")
    mutating func b21() {
        goLive()
        at(1, .left)
        #expect(machine.onAir == .picturePaused && machine.orders.sound)
        #expect(!machine.orders.camera && !preview().pausesWhenLeft)
        #expect(preview().whenLeftText == "Viewers hear you; the picture is paused until you come back.")
        at(2, .returned)
        #expect(machine.onAir == .everything)
        machine.soundGoesOn = false
        #expect(machine.onAir == .everything && machine.orders.sound, "nothing pauses before it is left")
        at(3, .left)
        #expect(machine.onAir == .nothing && !machine.orders.sound)
        #expect(machine.orders.coding && machine.isLive)
        #expect(preview().pausesWhenLeft)
        #expect(preview().whenLeftText == "Picture and sound are paused until you come back.")
        at(4, .microphone(false))
        at(5, .returned)
        #expect(machine.onAir == .everything && !machine.orders.sound, "what was off stays off")
    }

    /// What the core asks of the encoder when the picture is so many steps smaller.
    private func target(
        _ steps: UInt8, cameraOff: Bool = false, _ cause: HealthCause? = nil
    ) -> EncoderTarget {
        var picture = Encoding.picture(upright: true)
        for _ in 0..<steps {
            (picture.width, picture.height) = (picture.width * 3 / 4, picture.height * 3 / 4)
        }
        return EncoderTarget(picture: picture, steps: steps, cameraOff: cameraOff, cause: cause)
    }

    @Test("B12: word and cause change together, as the core tells them")
    mutating func b12() {
        goLive()
        #expect(live().health == nil)
        for (level, cause, word, spoken) in [
            (HealthLevel.good, nil, "Good", "Good"), (.fair, .slowUpload, "Fair", "Fair, slow upload"),
            (.poor, .heat, "Poor", "Poor, the phone is warm"),
        ] as [(HealthLevel, HealthCause?, String, String)] {
            at(1, .session(.health(health: Health(level: level, cause: cause))))
            #expect(live().health == .init(level: level, word: word, spoken: spoken))
        }
    }

    @Test("B13: nothing confirmed is Lost and reconnecting; the timer runs on, and it heals by itself")
    mutating func b13() {
        goLive()
        let lost = BroadcastMachine.Input.session(.health(health: Health(level: .lost, cause: .noAnswer)))
        #expect(at(60, lost) == [.say(.reconnectingTitle), .feel(.warning)])
        #expect(at(61, lost).isEmpty, "said once")
        #expect(live(65).health?.word == "Lost" && live(65).banner?.kind == "reconnecting")
        #expect(live(65).time == "1:05" && machine.orders.coding)
        at(70, .session(.health(health: Health(level: .good, cause: nil))))
        #expect(live(70).banner == nil && machine.isLive)
    }

    @Test func aBroadcastThatEndsByItselfSaysSo() {
        var machine = machine
        _ = machine.handle(.goLive, at: began)
        _ = machine.handle(.isLive, at: began)
        #expect(machine.handle(.finished(nil), at: began) == [.say(.notLiveAnyMore), .feel(.warning)])
        #expect(machine.phase == .ended(seconds: 0))
    }

    @Test func ofSeveralNoticesTheWorstIsTheBanner() {
        var machine = machine
        _ = machine.handle(.goLive, at: began)
        _ = machine.handle(.isLive, at: began)
        let report = wifi {
            $0.path = .init(reachable: true, kind: .mobile, expensive: true)
            ($0.battery, $0.charging) = (4, false)
        }
        _ = machine.handle(.device(report), at: began)
        _ = machine.handle(.session(.encode(target: target(1, .slowUpload))), at: began)
        let screen = LiveScreen(machine, at: began, words)
        #expect(screen.notices.map(\.kind) == ["battery", "upload_slow", "mobile_data"])
        #expect(screen.battery == "Battery 4 %")
    }
}

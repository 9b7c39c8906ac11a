import ManyhandsCore
import Testing

@testable import ManyhandsKit

/// Watching as a state machine, and the words that its screen makes of it.
@Suite struct WatchMachineTests {
    let words = Words(["en"])
    let began = ContinuousClock.now
    var machine: WatchMachine

    init() {
        machine = WatchMachine(at: began)
    }

    @discardableResult
    private mutating func at(_ seconds: Double, _ input: WatchMachine.Input) -> [WatchMachine.Effect] {
        machine.handle(input, at: began + .seconds(seconds))
    }

    private mutating func state(_ seconds: Double, _ state: WatchState) -> [WatchMachine.Effect] {
        at(seconds, .session(.state(state: state)))
    }

    private func screen(_ seconds: Double = 0) -> WatchScreen {
        WatchScreen(machine, at: began + .seconds(seconds), words)
    }

    @Test func joiningHasWordsAtOnceAndMoreAfterFiveSeconds() {
        #expect(screen(0).state?.text == "Getting the picture…")
        #expect(screen(5).state?.text == "Still looking. This can take a few seconds.")
    }

    @Test("B28: whose side it is on: theirs, mine, or no network at all")
    mutating func b28() {
        _ = state(1, .playing)
        #expect(screen(1).state == nil)
        #expect(state(2, .broadcasterSilent) == [.say(.broadcasterSilentTitle)])
        #expect(screen(2).state?.title == "Their connection is lost")
        #expect(screen(602).state?.text == words(.broadcasterSilentLong))
        #expect(state(3, .cutOff).isEmpty, "it was said that it is lost")
        #expect(screen(3).state?.kind == "cut_off" && screen(3).state?.actions == [.tryNow])
        _ = state(4, .noNetwork)
        #expect(screen(4).state?.kind == "no_network" && screen(4).state?.actions == [.openSettings])
    }

    @Test("B29: when it heals the notice is gone, and that is said once; the sound is as it was")
    mutating func b29() {
        _ = state(1, .playing)
        at(1, .sound(false))
        #expect(state(2, .cutOff) == [.say(.cutOffTitle)])
        #expect(state(3, .playing) == [.say(.backAgain)])
        #expect(screen(3).state == nil && !machine.orders.sound && machine.orders.plays)
        #expect(state(4, .playing).isEmpty)
    }

    @Test("B30: the signed end is said with its length; silence never is")
    mutating func b30() {
        _ = state(1, .playing)
        _ = state(2, .broadcasterSilent)
        #expect(screen(2).state?.kind == "broadcaster_silent")
        #expect(at(4, .session(.ended(reason: .finished, ranMs: 2_900_000))) == [.say(.endedTitle)])
        #expect(screen(4).state?.text == "It ran 48 minutes.")
        #expect(at(5, .over(nil)).isEmpty)
        #expect(screen(5).state?.kind == "ended")
    }

    @Test func whatEndsOtherwiseHasItsOwnWords() {
        for (reason, kind) in [(EndReason.revoked, "revoked"), (.unreachable, "unreachable")] {
            var machine = machine
            _ = machine.handle(.session(.ended(reason: reason, ranMs: nil)), at: began)
            let screen = WatchScreen(machine, at: began, words)
            #expect(screen.state?.kind == kind)
            #expect(screen.hidesPicture == (reason == .revoked))
            #expect(!machine.orders.plays)
        }
    }

    @Test("B32: ten seconds behind is grey and says so")
    mutating func b32() {
        _ = state(1, .playing)
        at(2, .figures(figures { $0.latencyMs = 2_600 }))
        #expect(screen(2).badge == .live && screen(2).badgeText == "LIVE 3 s")
        at(3, .figures(figures { ($0.latencyMs, $0.behindMs) = (12_000, 10_000) }))
        #expect(screen(3).badge == .behind && screen(3).badgeText == "10 s behind · Go live")
        #expect(screen(3).badgeSpoken == "10 seconds behind. Go to live")
        #expect(at(4, .toLive) == [.toLive], "and nothing jumps before the tap")
    }

    @Test("B36: headphones that come out pause it; another app's sound does until it ends")
    mutating func b36() {
        _ = state(1, .playing)
        #expect(at(2, .screen(.headphonesOut)) == [.stand(true)])
        #expect(!machine.orders.plays && screen(2).badge == .paused)
        #expect(at(3, .play(true)) == [.toLive])
        #expect(machine.orders.plays && screen(3).badge != .paused)
        #expect(at(4, .screen(.interrupted(true))) == [.stand(true)])
        #expect(!machine.orders.plays && machine.play == .idle)
        #expect(at(5, .screen(.interrupted(false))) == [.toLive])
        #expect(machine.orders.plays && machine.play == .foreground)
        #expect(at(6, .play(false)) == [.stand(true)])
        #expect(at(7, .play(true)) == [.stand(false)], "a person's own pause goes on where it stood")
    }

    @Test("B37: left while it plays it goes on small; closed it stops; left while paused nothing runs")
    mutating func b37() {
        _ = state(1, .playing)
        #expect(at(2, .left).isEmpty)
        #expect(machine.orders.plays && machine.play == .background)
        at(3, .returned)
        #expect(machine.play == .foreground)
        at(4, .left)
        #expect(at(5, .screen(.smallPicture(false))) == [.leave])
        #expect(machine.play == .idle && !machine.isRunning)
        #expect(at(6, .returned) == [.join, .stand(true)])
        _ = state(7, .playing)
        at(8, .play(true))
        at(9, .play(false))
        #expect(at(10, .left) == [.leave])
        #expect(at(11, .returned) == [.join, .stand(true)] && !machine.orders.plays, "still paused")
    }

    @Test func aDecoderThatFailsOftenSaysSo() {
        var machine = machine
        _ = machine.handle(.session(.state(state: .playing)), at: began)
        for tries in 1...4 {
            _ = machine.handle(.screen(.decoderFailed), at: began)
            let state = WatchScreen(machine, at: began, words).state
            #expect(state?.actions == (tries == 4 ? [.soundOnly] : []))
        }
        _ = machine.handle(.screen(.recovered), at: began)
        #expect(WatchScreen(machine, at: began, words).state == nil)
    }
}

@Suite struct PlaybackClockTests {
    @Test func whatWasCapturedTogetherIsShownTogether() {
        var clock = PlaybackClock()
        let picture = clock.due(capturedUs: 5_000_000, composition: 3_000, timescale: 90_000, hostUs: 100)
        let sound = clock.due(capturedUs: 5_000_000, composition: 0, timescale: 48_000, hostUs: 900)
        #expect(picture.clock == ClockSetting(timeUs: 4_920_000, hostUs: 100))
        #expect(sound.clock == nil)
        #expect(picture.atUs - sound.atUs == 33_333)
    }

    @Test func aHiccupIsEvenedOutAndADriftSetsTheClockAnew() {
        var clock = PlaybackClock()
        func late(_ clock: inout PlaybackClock, _ seconds: Int64, by us: Int64) -> ClockSetting? {
            let at = seconds * 1_000_000
            return clock.due(capturedUs: at, composition: 0, timescale: 1, hostUs: at + us).clock
        }
        #expect(late(&clock, 0, by: 0) != nil)
        #expect(late(&clock, 1, by: 60_000) == nil)
        #expect(late(&clock, 2, by: -100_000) == nil)
        #expect(late(&clock, 3, by: 75_000) != nil, "it would be shown too late")
        #expect(late(&clock, 4, by: 75_000) == nil)
        #expect(late(&clock, 5, by: -400_000) != nil, "it would wait too long")
    }
}

extension DeviceReport {
    init(unreachable: Bool) {
        self.init()
        path = Path(reachable: !unreachable, kind: .wifi)
    }
}

/// Figures of nothing, but for what is changed.
func figures(_ change: (inout Figures) -> Void = { _ in }) -> Figures {
    var figures = Figures(
        uptimeMs: 0, viewers: 0, viewersMax: 0, peers: 0, positionMs: 0, latencyMs: nil, targetMs: nil,
        behindMs: nil, bufferMs: 0, stalls: 0, stalledMs: 0, sent: 0, received: 0, sentUnmetered: 0,
        sentMetered: 0, sentPerMinute: 0, receivedPerMinute: nil, fromBroadcaster: 0, fromViewers: 0,
        uploadLimitBps: nil, lending: nil, helping: 0, givenToday: nil, givenMonth: nil, meteredToday: nil,
        meteredMonth: nil, health: nil, goodPercent: nil, mainCause: nil)
    change(&figures)
    return figures
}

import ManyhandsCore

/// S7, as words: what stands in the picture's place.
enum WatchNotice {
    static let joiningPatience = Duration.seconds(5)
    static let silentPatience = Duration.seconds(600)

    /// Nothing while it plays.
    static func state(_ machine: WatchMachine, at now: ContinuousClock.Instant, _ words: Words) -> Notice? {
        func notice(
            _ kind: String, _ level: Notice.Level, _ title: Word, _ text: Word,
            _ actions: [Notice.Action] = []
        ) -> Notice {
            Notice(kind, level, title: words(title), text: words(text), actions: actions)
        }
        switch machine.phase {
        case .playing, .closed: return decoder(machine, words)
        case .joining(let since):
            let text: Word = now - since >= joiningPatience ? .joiningLong : .joiningText
            return Notice("joining", text: words(text), actions: [.cancel])
        case .waiting: return notice("waiting", .plain, .waitingTitle, .waitingText)
        case .paused: return notice("paused", .plain, .pausedTitle, .pausedText)
        case .cameraOff: return notice("camera_off", .plain, .cameraOffTitle, .cameraOffText)
        case .broadcasterSilent(let since):
            let text: Word = now - since >= silentPatience ? .broadcasterSilentLong : .broadcasterSilentText
            return notice("broadcaster_silent", .fair, .broadcasterSilentTitle, text)
        case .cutOff: return notice("cut_off", .poor, .cutOffTitle, .cutOffText, [.tryNow])
        case .noNetwork:
            return notice("no_network", .poor, .noNetworkTitle, .noNetworkText, [.openSettings])
        case .ended(let ranMs): return ended(ranMs, words)
        case .revoked: return notice("revoked", .plain, .revokedTitle, .revokedText, [.close])
        case .unreachable:
            return notice("unreachable", .poor, .unreachableTitle, .unreachableText, [.tryAgain, .close])
        case .failed(let failure): return link(failure, words)
        }
    }

    /// A link that can't be used has its own words; what else went wrong says so itself.
    static func link(_ failure: Failure, _ words: Words) -> Notice {
        switch failure {
        case .DamagedLink:
            Notice(
                "damaged_link", .poor, title: words(.damagedLinkTitle), text: words(.damagedLinkText),
                actions: [.pasteAgain, .scanCode])
        case .NewerLink:
            Notice(
                "newer_version", .fair, title: words(.newerVersionTitle), text: words(.newerVersionText),
                actions: [.update])
        default: Notice("failed", .poor, text: failure.message, actions: [.close])
        }
    }

    private static func ended(_ ranMs: UInt64?, _ words: Words) -> Notice {
        let text = ranMs.map { words(.endedText, ["time": words.length(seconds: Int($0 / 1000))]) }
        return Notice("ended", title: words(.endedTitle), text: text ?? "", actions: [.close])
    }

    private static func decoder(_ machine: WatchMachine, _ words: Words) -> Notice? {
        guard machine.decoderTries > 0 else { return nil }
        let gaveUp = machine.decoderTries > WatchMachine.decoderPatience
        return Notice(
            "decode_failed", .poor, title: words(.decodeFailedTitle),
            text: words(gaveUp ? .decodeFailedLong : .decodeFailedText), actions: gaveUp ? [.soundOnly] : [])
    }
}

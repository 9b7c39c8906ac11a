import ManyhandsCore

/// What a broadcaster is told beside the picture.
enum LiveNotices {
    /// All that is true now, the worst first.
    static func all(_ machine: BroadcastMachine, _ words: Words) -> [Notice] {
        let all: [Notice?] = [
            connection(machine, words), camera(machine, words), call(machine, words),
            picture(machine, words), battery(machine, words), mobile(machine, words),
            machine.showsBars ? Notice("bars", text: words(.barsHint)) : nil,
        ]
        // Sorting keeps the order above within a level.
        return all.compactMap { $0 }.sorted { $0.level > $1.level }
    }

    private static func connection(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        guard machine.health?.level == .lost else { return nil }
        return Notice(
            "reconnecting", .poor, title: words(.reconnectingTitle), text: words(.reconnectingText))
    }

    private static func camera(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        switch machine.camera {
        case .starting, .running: nil
        case .taken:
            Notice(
                "camera_taken", .poor, title: words(.cameraTakenTitle), text: words(.cameraTakenText),
                actions: [.useCameraAgain])
        case .failed:
            Notice(
                "camera_failed", .poor, title: words(.cameraFailedTitle), text: words(.cameraFailedLong),
                actions: [.useCameraAgain, .soundOnly])
        }
    }

    private static func call(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        guard machine.device.inCall else { return nil }
        return Notice("call", .fair, title: words(.callTitle), text: words(.callText))
    }

    /// Why the picture is smaller than chosen, or not sent at all.
    private static func picture(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        guard let target = machine.target, target.steps > 0 || target.cameraOff else { return nil }
        func notice(_ kind: String, _ level: Notice.Level, _ title: Word, _ text: Word) -> Notice {
            Notice(kind, level, title: words(title), text: words(text))
        }
        if target.cameraOff {
            let (title, text) = (words(.heatCriticalTitle), words(.heatCriticalText))
            return Notice("heat_critical", .poor, title: title, text: text, actions: [.end])
        }
        switch target.cause {
        case .heat where target.steps > 1:
            return notice("heat_severe", .poor, .heatSevereTitle, .heatSevereText)
        case .heat: return notice("heat_moderate", .fair, .heatModerateTitle, .heatModerateText)
        case .viewersMissing:
            return notice("viewers_missing", .fair, .viewersMissingTitle, .viewersMissingText)
        case .slowUpload, .loss: return notice("upload_slow", .fair, .uploadSlowTitle, .uploadSlowText)
        case .noAnswer, .noNetwork, nil: return nil
        }
    }

    private static func battery(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        guard let mark = machine.battery.mark else { return nil }
        let title = words(.battery, ["n": words.whole(Int(mark))])
        return Notice("battery", mark > 5 ? .fair : .poor, title: title, text: words(.batteryText))
    }

    private static func mobile(_ machine: BroadcastMachine, _ words: Words) -> Notice? {
        guard machine.device.path.expensive else { return nil }
        let hour = words.size(PreviewScreen.bytesAnHour(machine.orders.picture))
        return Notice(
            "mobile_data", .fair, title: words(.mobileDataTitle), text: words(.costHour, ["size": hour]))
    }
}

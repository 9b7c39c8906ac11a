import ManyhandsCore

/// S2, as words: the camera's picture fills the screen, and nobody but the person sees it.
public struct PreviewScreen: Equatable, Sendable {
    /// How the network looks before going live.
    public enum Check: Equatable, Sendable {
        case ready, slow, none
    }

    public let reassurance: String
    public let goLive: String
    public let canGoLive: Bool
    /// `Go live` was tapped and nothing has come of it yet.
    public let isGoingLive: Bool
    /// What it takes so long for, or why it did not work.
    public let hint: String?
    public let cost: String
    /// It goes over a network where bytes cost.
    public let costs: Bool
    public let check: Check
    public let checkText: String
    /// What stands over the picture.
    public let camera: String?
    /// The sound pauses with the picture when the app is left, and what that means for viewers.
    public let pausesWhenLeft: Bool
    public let whenLeftText: String

    static let patience = Duration.seconds(5)

    init(_ machine: BroadcastMachine, at now: ContinuousClock.Instant, _ words: Words) {
        let path = machine.device.path
        reassurance = "\(words(.onlyYouSee)) \(words(.notLive))"
        var waited: Duration?
        if case .goingLive(let since) = machine.phase { waited = now - since }
        isGoingLive = waited != nil
        goLive = words(isGoingLive ? .goingLive : .goLive)
        canGoLive = path.reachable && machine.phase == .preview
        costs = path.expensive
        check = !path.reachable ? .none : path.constrained ? .slow : .ready
        checkText = words(check == .none ? .checkNone : check == .slow ? .checkSlow : .checkReady)
        let hour = words.size(Self.bytesAnHour(machine.orders.picture))
        cost = words(costs ? .costHourMobile : .costHour, ["size": hour])
        camera = machine.camera == .starting ? words(.startingCamera) : nil
        pausesWhenLeft = !machine.soundGoesOn
        whenLeftText = words(pausesWhenLeft ? .leftAppTextPaused : .leftAppText)
        if let waited {
            hint = waited >= Self.patience ? words(.findingWay) : nil
        } else if !path.reachable {
            hint = "\(words(.noNetworkTitle)). \(words(.noNetworkText))"
        } else {
            hint = machine.failure
        }
    }

    /// What leaves a phone in an hour, whatever the size of the audience.
    static func bytesAnHour(_ picture: Picture) -> UInt64 {
        ManyhandsCore.bytesAnHour(picture: picture, soundBps: Encoding.soundBitrate)
    }
}

/// Which coded pictures go to the layer that decodes and shows them: none while it has no surface or has
/// failed, and then none before a keyframe.
public struct PictureGate: Equatable, Sendable {
    /// What the layer says of itself.
    public enum Layer: Equatable, Sendable {
        case works
        /// The system has taken away what it draws on, as it does in the background.
        case lost
        case failed
    }

    /// What to do with a picture.
    public struct Verdict: Equatable, Sendable {
        /// The layer has to forget everything first.
        public var flush = false
        public var show = false
        public var event: ScreenEvent?
    }

    private var open = false
    /// The layer was given something since it failed last.
    private var tried = true
    /// It has failed, and nothing has shown that it works again.
    private var inDoubt = false

    public init() {}

    /// Whether the next picture has to be a keyframe.
    public var waitsForKeyframe: Bool { !open }

    /// The layer was made to forget everything.
    public mutating func forget() {
        open = false
    }

    /// A picture has come.
    public mutating func handle(keyframe: Bool, layer: Layer) -> Verdict {
        var verdict = Verdict()
        switch layer {
        case .works where inDoubt && open:
            inDoubt = false
            verdict.event = .recovered
        case .works: break
        case .lost: open = false
        case .failed:
            open = false
            if tried { verdict.event = .decoderFailed }
            (tried, inDoubt) = (false, true)
        }
        // Only a keyframe can make it go on, so it is left alone until there is one.
        verdict.flush = keyframe && layer != .works
        open = open || keyframe
        verdict.show = open
        tried = tried || open
        return verdict
    }
}

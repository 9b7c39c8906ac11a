import Observation

/// S10: why something is asked for, before the system asks; and what to do when it was refused.
@MainActor @Observable
public final class PrimerModel {
    public enum Step: Equatable, Sendable {
        /// One button leads to the system's question.
        case explain
        case refused(Permission)
        case done
    }

    /// What may be used.
    struct Result: Sendable {
        let purpose: Place.Purpose
        let camera: Bool
        let microphone: Bool
    }

    public private(set) var step = Step.explain
    public let purpose: Place.Purpose

    private let permissions: any Permitting
    private let words: Words
    private let onDone: @MainActor (Result) -> Void
    /// Refusals that the person goes on without.
    private var without: Set<Permission> = []

    init(
        _ purpose: Place.Purpose, _ permissions: any Permitting, _ words: Words,
        onDone: @escaping @MainActor (Result) -> Void
    ) {
        (self.purpose, self.permissions, self.words, self.onDone) = (purpose, permissions, words, onDone)
    }

    private var wanted: [Permission] { purpose == .broadcast ? [.camera, .microphone] : [.camera] }

    /// What the screen says.
    public var notice: Notice {
        switch step {
        case .refused(.camera):
            Notice(
                "refused_camera", .fair, title: words(.refusedCameraTitle), text: words(.refusedCameraText),
                actions: purpose == .broadcast ? [.openSettings, .soundOnly] : [.openSettings, .cancel])
        case .refused(.microphone):
            Notice(
                "refused_mic", .fair, title: words(.refusedMicrophoneTitle),
                text: words(.refusedMicrophoneText), actions: [.openSettings, .pictureOnly])
        case .explain, .done:
            Notice(
                "primer", title: words(purpose == .broadcast ? .primerTitle : .primerScanTitle),
                text: words(purpose == .broadcast ? .primerText : .primerScanText), actions: [.proceed])
        }
    }

    /// Looks at what was answered before; asks nothing.
    func look() async {
        var unasked = false
        for permission in wanted where !without.contains(permission) {
            switch await permissions.answer(permission) {
            case .granted: break
            case .notAsked: unasked = true
            case .refused:
                step = .refused(permission)
                return
            }
        }
        if unasked { step = .explain } else { finish() }
    }

    /// The one button: the system asks, once for each.
    public func proceed() async {
        for permission in wanted { _ = await permissions.ask(permission) }
        await look()
    }

    /// The way without what was refused.
    public func goOnWithout() async {
        guard case .refused(let permission) = step else { return }
        without.insert(permission)
        await look()
    }

    /// The app is in front again, perhaps from Settings.
    func returned() async {
        guard case .refused = step else { return }
        await look()
    }

    private func finish() {
        guard step != .done else { return }
        step = .done
        let (camera, microphone) = (!without.contains(.camera), !without.contains(.microphone))
        onDone(Result(purpose: purpose, camera: camera, microphone: microphone))
    }
}

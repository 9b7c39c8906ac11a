import AVKit
import ManyhandsKit

/// Picture in picture over the display layer. It comes up by itself when the app is left.
@MainActor
final class SmallPicture: NSObject {
    private let controller: AVPictureInPictureController?
    private let send: @MainActor (WatchMachine.Input) -> Void
    private let playback: Playback

    init(_ layer: AVSampleBufferDisplayLayer, _ send: @escaping @MainActor (WatchMachine.Input) -> Void) {
        let playback = Playback(send)
        self.playback = playback
        self.send = send
        let source = AVPictureInPictureController.ContentSource(
            sampleBufferDisplayLayer: layer, playbackDelegate: playback)
        let supported = AVPictureInPictureController.isPictureInPictureSupported()
        controller = supported ? AVPictureInPictureController(contentSource: source) : nil
        super.init()
        controller?.canStartPictureInPictureAutomaticallyFromInline = true
        controller?.requiresLinearPlayback = true
        controller?.delegate = self
    }

    var isPossible: Bool { controller != nil }

    func start() {
        controller?.startPictureInPicture()
    }

    /// What its own button shows.
    func follow(plays: Bool) {
        playback.paused.set(!plays)
        controller?.invalidatePlaybackState()
    }

    /// What the small picture's own buttons do. A live picture has no length.
    private final class Playback: NSObject, AVPictureInPictureSampleBufferPlaybackDelegate,
        @unchecked Sendable
    {
        private let send: @MainActor (WatchMachine.Input) -> Void
        let paused = Flag()

        init(_ send: @escaping @MainActor (WatchMachine.Input) -> Void) {
            self.send = send
        }

        func pictureInPictureController(
            _ controller: AVPictureInPictureController, setPlaying playing: Bool
        ) {
            let send = send
            Task { @MainActor in send(.play(playing)) }
        }

        func pictureInPictureControllerTimeRangeForPlayback(
            _ controller: AVPictureInPictureController
        ) -> CMTimeRange {
            CMTimeRange(start: .negativeInfinity, duration: .positiveInfinity)
        }

        func pictureInPictureControllerIsPlaybackPaused(_ controller: AVPictureInPictureController) -> Bool {
            paused.isRaised
        }

        func pictureInPictureController(
            _ controller: AVPictureInPictureController, didTransitionToRenderSize size: CMVideoDimensions
        ) {}

        func pictureInPictureController(
            _ controller: AVPictureInPictureController, skipByInterval interval: CMTime,
            completion: @escaping () -> Void
        ) {
            completion()
        }
    }
}

extension SmallPicture: AVPictureInPictureControllerDelegate {
    /// The person comes back by way of it, so that its end is no closing.
    nonisolated func pictureInPictureController(
        _ controller: AVPictureInPictureController,
        restoreUserInterfaceForPictureInPictureStopWithCompletionHandler completion: @escaping (Bool) -> Void
    ) {
        Task { @MainActor in send(.returned) }
        completion(true)
    }

    nonisolated func pictureInPictureControllerDidStopPictureInPicture(
        _ controller: AVPictureInPictureController
    ) {
        Task { @MainActor in send(.screen(.smallPicture(false))) }
    }

    nonisolated func pictureInPictureControllerDidStartPictureInPicture(
        _ controller: AVPictureInPictureController
    ) {
        Task { @MainActor in send(.screen(.smallPicture(true))) }
    }
}

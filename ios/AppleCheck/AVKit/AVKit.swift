// Stands in for AVKit's picture in picture. Delegates' methods that are used are required here, so
// that a misspelt one is found.
@_exported import AVFoundation

@MainActor open class AVPictureInPictureController: NSObject {
    public final class ContentSource {
        public init(
            sampleBufferDisplayLayer: AVSampleBufferDisplayLayer,
            playbackDelegate: any AVPictureInPictureSampleBufferPlaybackDelegate
        ) {}
    }
    public class func isPictureInPictureSupported() -> Bool { stub() }
    public init(contentSource: ContentSource) {}
    public weak var delegate: (any AVPictureInPictureControllerDelegate)? { get { stub() } set {} }
    public var canStartPictureInPictureAutomaticallyFromInline: Bool { get { stub() } set {} }
    public var requiresLinearPlayback: Bool { get { stub() } set {} }
    public func startPictureInPicture() {}
    public func invalidatePlaybackState() {}
}
public protocol AVPictureInPictureControllerDelegate: NSObjectProtocol {
    func pictureInPictureController(
        _ pictureInPictureController: AVPictureInPictureController,
        restoreUserInterfaceForPictureInPictureStopWithCompletionHandler completionHandler:
            @escaping (Bool) -> Void)
    func pictureInPictureControllerDidStartPictureInPicture(
        _ pictureInPictureController: AVPictureInPictureController)
    func pictureInPictureControllerDidStopPictureInPicture(
        _ pictureInPictureController: AVPictureInPictureController)
}
public protocol AVPictureInPictureSampleBufferPlaybackDelegate: NSObjectProtocol {
    func pictureInPictureController(
        _ pictureInPictureController: AVPictureInPictureController, setPlaying playing: Bool)
    func pictureInPictureControllerTimeRangeForPlayback(
        _ pictureInPictureController: AVPictureInPictureController) -> CMTimeRange
    func pictureInPictureControllerIsPlaybackPaused(
        _ pictureInPictureController: AVPictureInPictureController) -> Bool
    func pictureInPictureController(
        _ pictureInPictureController: AVPictureInPictureController,
        didTransitionToRenderSize newRenderSize: CMVideoDimensions)
    func pictureInPictureController(
        _ pictureInPictureController: AVPictureInPictureController, skipByInterval skipInterval: CMTime,
        completion completionHandler: @escaping () -> Void)
}

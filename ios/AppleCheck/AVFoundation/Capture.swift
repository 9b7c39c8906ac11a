// Stands in for AVFoundation's capture. Delegates' methods that are used are required here, so that a
// misspelt one is found.
@_exported import CoreMedia
@_exported import UIKit

public struct AVMediaType: Sendable, Hashable {
    public static let video: AVMediaType = stub()
    public static let audio: AVMediaType = stub()
}
public enum AVAuthorizationStatus: Int, Sendable { case notDetermined, restricted, denied, authorized }
open class AVCaptureDevice: NSObject, @unchecked Sendable {
    public enum Position: Int, Sendable { case unspecified, back, front }
    public enum TorchMode: Int, Sendable { case off, on, auto }
    public enum FocusMode: Int, Sendable { case locked, autoFocus, continuousAutoFocus }
    public enum ExposureMode: Int, Sendable { case locked, autoExpose, continuousAutoExposure, custom }
    public struct DeviceType: Sendable, Hashable {
        public static let builtInWideAngleCamera: DeviceType = stub()
    }
    open class SystemPressureState: NSObject {
        public struct Level: Sendable, Hashable {
            public static let nominal: Level = stub()
            public static let fair: Level = stub()
            public static let serious: Level = stub()
            public static let critical: Level = stub()
            public static let shutdown: Level = stub()
        }
        public var level: Level { stub() }
    }
    public class func `default`(
        _ deviceType: DeviceType, for mediaType: AVMediaType?, position: Position
    ) -> AVCaptureDevice? { stub() }
    public class func `default`(for mediaType: AVMediaType) -> AVCaptureDevice? { stub() }
    public class func requestAccess(for mediaType: AVMediaType) async -> Bool { stub() }
    public class func authorizationStatus(for mediaType: AVMediaType) -> AVAuthorizationStatus { stub() }
    public func lockForConfiguration() throws {}
    public func unlockForConfiguration() {}
    public var hasTorch: Bool { stub() }
    public var torchMode: TorchMode { get { stub() } set {} }
    public var videoZoomFactor: CGFloat { get { stub() } set {} }
    public var maxAvailableVideoZoomFactor: CGFloat { stub() }
    public var isFocusPointOfInterestSupported: Bool { stub() }
    public var focusPointOfInterest: CGPoint { get { stub() } set {} }
    public func isFocusModeSupported(_ focusMode: FocusMode) -> Bool { stub() }
    public var focusMode: FocusMode { get { stub() } set {} }
    public var isExposurePointOfInterestSupported: Bool { stub() }
    public var exposurePointOfInterest: CGPoint { get { stub() } set {} }
    public func isExposureModeSupported(_ exposureMode: ExposureMode) -> Bool { stub() }
    public var exposureMode: ExposureMode { get { stub() } set {} }
    public var systemPressureState: SystemPressureState { stub() }
}
open class AVCaptureInput: NSObject {}
open class AVCaptureDeviceInput: AVCaptureInput {
    public init(device: AVCaptureDevice) throws { super.init() }
}
open class AVCaptureOutput: NSObject {
    public func connection(with mediaType: AVMediaType) -> AVCaptureConnection? { stub() }
}
open class AVCaptureConnection: NSObject {
    public func isVideoRotationAngleSupported(_ videoRotationAngle: CGFloat) -> Bool { stub() }
    public var videoRotationAngle: CGFloat { get { stub() } set {} }
    public var isVideoMirroringSupported: Bool { stub() }
    public var isVideoMirrored: Bool { get { stub() } set {} }
}
public protocol AVCaptureVideoDataOutputSampleBufferDelegate: NSObjectProtocol {
    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection)
}
public protocol AVCaptureAudioDataOutputSampleBufferDelegate: NSObjectProtocol {
    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection)
}
open class AVCaptureVideoDataOutput: AVCaptureOutput {
    public var videoSettings: [String: Any]! { get { stub() } set {} }
    public var alwaysDiscardsLateVideoFrames: Bool { get { stub() } set {} }
    public func setSampleBufferDelegate(
        _ delegate: (any AVCaptureVideoDataOutputSampleBufferDelegate)?, queue: DispatchQueue?
    ) {}
}
open class AVCaptureAudioDataOutput: AVCaptureOutput {
    public func setSampleBufferDelegate(
        _ delegate: (any AVCaptureAudioDataOutputSampleBufferDelegate)?, queue: DispatchQueue?
    ) {}
}
open class AVMetadataObject: NSObject {
    public struct ObjectType: Sendable, Hashable { public static let qr: ObjectType = stub() }
}
open class AVMetadataMachineReadableCodeObject: AVMetadataObject {
    public var stringValue: String? { stub() }
}
public protocol AVCaptureMetadataOutputObjectsDelegate: NSObjectProtocol {
    func metadataOutput(
        _ output: AVCaptureMetadataOutput, didOutput metadataObjects: [AVMetadataObject],
        from connection: AVCaptureConnection)
}
open class AVCaptureMetadataOutput: AVCaptureOutput {
    public var metadataObjectTypes: [AVMetadataObject.ObjectType]! { get { stub() } set {} }
    public func setMetadataObjectsDelegate(
        _ objectsDelegate: (any AVCaptureMetadataOutputObjectsDelegate)?, queue: DispatchQueue?
    ) {}
}
open class AVCaptureSession: NSObject, @unchecked Sendable {
    public struct Preset: Sendable { public static let hd1280x720: Preset = stub() }
    public var sessionPreset: Preset { get { stub() } set {} }
    public var inputs: [AVCaptureInput] { stub() }
    public func beginConfiguration() {}
    public func commitConfiguration() {}
    public func canAddInput(_ input: AVCaptureInput) -> Bool { stub() }
    public func addInput(_ input: AVCaptureInput) {}
    public func removeInput(_ input: AVCaptureInput) {}
    public func canAddOutput(_ output: AVCaptureOutput) -> Bool { stub() }
    public func addOutput(_ output: AVCaptureOutput) {}
    public func startRunning() {}
    public func stopRunning() {}
    public var isRunning: Bool { stub() }
    public static let wasInterruptedNotification: Notification.Name = stub()
    public static let interruptionEndedNotification: Notification.Name = stub()
    public static let runtimeErrorNotification: Notification.Name = stub()
}
public struct AVLayerVideoGravity: Sendable {
    public static let resizeAspect: AVLayerVideoGravity = stub()
    public static let resizeAspectFill: AVLayerVideoGravity = stub()
}
open class AVCaptureVideoPreviewLayer: CALayer {
    public var session: AVCaptureSession? { get { stub() } set {} }
    public var videoGravity: AVLayerVideoGravity { get { stub() } set {} }
}

import AVFoundation
import ManyhandsKit

/// The system's questions for the camera and the microphone.
struct SystemQuestions: Permitting {
    func answer(_ permission: Permission) async -> Answer {
        switch AVCaptureDevice.authorizationStatus(for: kind(permission)) {
        case .authorized: .granted
        case .notDetermined: .notAsked
        default: .refused
        }
    }

    func ask(_ permission: Permission) async -> Answer {
        await AVCaptureDevice.requestAccess(for: kind(permission)) ? .granted : .refused
    }

    /// Whether the camera may look for a code now.
    static var mayScan: Bool { AVCaptureDevice.authorizationStatus(for: .video) == .authorized }

    private func kind(_ permission: Permission) -> AVMediaType {
        permission == .camera ? .video : .audio
    }
}

/// What the system asks the person for.
public enum Permission: String, Codable, Sendable {
    case camera, microphone
}

/// What the person has answered.
public enum Answer: Sendable {
    case notAsked, granted
    /// For ever: the system will not ask again.
    case refused
}

/// The system's questions.
public protocol Permitting: Sendable {
    func answer(_ permission: Permission) async -> Answer
    /// Asks, where it was not asked before, and gives what holds then.
    func ask(_ permission: Permission) async -> Answer
}

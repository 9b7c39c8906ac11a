/// A place of the camera's picture as its sensor lies: parts of its width and of its height, from the top
/// left. It is how Apple's cameras are told what to make sharp.
public struct Spot: Equatable, Sendable {
    public let x: Double
    public let y: Double

    /// Width by height of what the camera gives.
    static let shape = 16.0 / 9.0

    /// What is seen at a point of a view that shows the whole picture, upright; nothing for a point beside it.
    public init?(
        at point: (x: Double, y: Double), in size: (width: Double, height: Double), upright: Bool,
        mirrored: Bool
    ) {
        let shape = upright ? 1 / Self.shape : Self.shape
        let (width, height) = (min(size.width, size.height * shape), min(size.height, size.width / shape))
        guard width > 0, height > 0 else { return nil }
        let seen = (point.x - size.width / 2) / width + 0.5
        let (across, down) = (mirrored ? 1 - seen : seen, (point.y - size.height / 2) / height + 0.5)
        guard (0...1).contains(across), (0...1).contains(down) else { return nil }
        (x, y) = upright ? (down, 1 - across) : (across, down)
    }
}

// Stands in for SwiftUI: gestures.

@MainActor @preconcurrency public protocol Gesture<Value> {
    associatedtype Value
}
public struct AnyOf<Value>: Gesture {}
public struct SpatialTapGesture: Gesture {
    public struct Value: Equatable, Sendable { public var location: CGPoint { stub() } }
    public init(count: Int = 1) {}
}
public struct MagnifyGesture: Gesture {
    public struct Value: Equatable, Sendable { public var magnification: CGFloat { stub() } }
    public init(minimumScaleDelta: CGFloat = 0.01) {}
}
extension Gesture {
    public func onEnded(_ action: @escaping (Value) -> Void) -> some Gesture<Value> { AnyOf<Value>() }
}
extension Gesture where Value: Equatable {
    public func onChanged(_ action: @escaping (Value) -> Void) -> some Gesture<Value> { AnyOf<Value>() }
}
extension View {
    public func gesture<T: Gesture>(_ gesture: T) -> some View { self }
    public func simultaneousGesture<T: Gesture>(_ gesture: T) -> some View { self }
}

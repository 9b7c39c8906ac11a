// Stands in for SwiftUI: state and scenes.
@_exported import Observation
@_exported import UIKit

func stub<Value>(_ what: String = #function) -> Value { fatalError("nothing is behind \(what)") }

@propertyWrapper public struct State<Value> {
    public init(wrappedValue: Value) {}
    public var wrappedValue: Value { get { stub() } nonmutating set {} }
    public var projectedValue: Binding<Value> { stub() }
}
extension State where Value: ExpressibleByNilLiteral {
    public init() {}
}
@propertyWrapper public struct Binding<Value> {
    public init(get: @escaping @MainActor () -> Value, set: @escaping @MainActor (Value) -> Void) {}
    public var wrappedValue: Value { get { stub() } nonmutating set {} }
    public var projectedValue: Binding<Value> { self }
}
@MainActor public struct OpenURLAction {
    public func callAsFunction(_ url: URL) {}
}
public enum ScenePhase: Sendable { case background, inactive, active }
public struct EnvironmentValues {
    public var scenePhase: ScenePhase { stub() }
    public var openURL: OpenURLAction { stub() }
    public var accessibilityReduceMotion: Bool { stub() }
}
@propertyWrapper public struct Environment<Value> {
    public init(_ keyPath: KeyPath<EnvironmentValues, Value>) {}
    public init(_ objectType: Value.Type) where Value: Observable & AnyObject {}
    public var wrappedValue: Value { stub() }
}

@MainActor public protocol Scene {
    associatedtype Body: Scene
    @SceneBuilder var body: Body { get }
}
extension Never: Scene {}
@resultBuilder public enum SceneBuilder {
    public static func buildBlock<Content: Scene>(_ content: Content) -> Content { content }
}
@MainActor public protocol App {
    associatedtype Body: Scene
    @SceneBuilder var body: Body { get }
    init()
}
extension App {
    public static func main() {}
}
public struct WindowGroup<Content: View>: Scene {
    public init(@ViewBuilder content: () -> Content) {}
    public var body: Never { return stub() }
}

// Stands in for UIKit and Core Animation.
@_exported import Foundation

func stub<Value>(_ what: String = #function) -> Value { fatalError("nothing is behind \(what)") }

open class CALayer: NSObject {
    public var frame: CGRect { get { stub() } set {} }
    public func addSublayer(_ layer: CALayer) {}
}
public class UIColor: @unchecked Sendable {
    public init(red: CGFloat, green: CGFloat, blue: CGFloat, alpha: CGFloat) {}
    public init(dynamicProvider: @escaping @Sendable (UITraitCollection) -> UIColor) {}
}
public enum UIUserInterfaceStyle: Sendable { case unspecified, light, dark }
public final class UITraitCollection: Sendable {
    public var userInterfaceStyle: UIUserInterfaceStyle { stub() }
}
@MainActor open class UIResponder: NSObject {}
@MainActor open class UIView: UIResponder {
    public init(frame: CGRect) { super.init() }
    public required init?(coder: NSCoder) { super.init() }
    open var bounds: CGRect { stub() }
    open var layer: CALayer { stub() }
    open func layoutSubviews() {}
    open class var layerClass: AnyClass { CALayer.self }
    open var isAccessibilityElement: Bool { get { stub() } set {} }
}
@MainActor public final class UIApplication {
    public static var shared: UIApplication { stub() }
    public static let openSettingsURLString = ""
    public var isIdleTimerDisabled: Bool { get { stub() } set {} }
}
@MainActor public final class UIDevice {
    public enum BatteryState: Int, Sendable { case unknown, unplugged, charging, full }
    public static var current: UIDevice { stub() }
    public var batteryLevel: Float { stub() }
    public var batteryState: BatteryState { stub() }
    public var isBatteryMonitoringEnabled: Bool { get { stub() } set {} }
    public nonisolated static let batteryLevelDidChangeNotification: Notification.Name = stub()
    public nonisolated static let batteryStateDidChangeNotification: Notification.Name = stub()
}
@MainActor public final class UIPasteboard {
    public static var general: UIPasteboard { stub() }
    public var string: String? { get { stub() } set {} }
}
@MainActor public enum UIAccessibility {
    public struct Notification: Sendable { public static let announcement: Notification = stub() }
    public static func post(notification: Notification, argument: Any?) {}
}
// Foundation's, which Foundation for Linux lacks.
extension ProcessInfo {
    public enum ThermalState: Int, Sendable { case nominal, fair, serious, critical }
    public var thermalState: ThermalState { stub() }
    public var isLowPowerModeEnabled: Bool { stub() }
    public static let thermalStateDidChangeNotification: Notification.Name = stub()
}
extension Notification.Name {
    public static let NSProcessInfoPowerStateDidChange: Notification.Name = stub()
}

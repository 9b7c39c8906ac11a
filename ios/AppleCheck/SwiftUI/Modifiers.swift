// Stands in for SwiftUI: looks and modifiers.

public struct HorizontalAlignment: Sendable {
    public static let leading: Self = stub()
    public static let center: Self = stub()
}
public struct Alignment: Sendable {
    public static let leading: Self = stub()
    public static let center: Self = stub()
}
public enum TextAlignment: Sendable { case leading, center, trailing }
public protocol ShapeStyle: Sendable {}
public struct Color: ShapeStyle, Leaf {
    public init(uiColor: UIColor) {}
    public static let black: Color = stub()
    public static let white: Color = stub()
    public static let clear: Color = stub()
    public func opacity(_ opacity: Double) -> Color { stub() }
}
extension ShapeStyle where Self == Color {
    public static var white: Color { stub() }
}
public protocol Shape: Sendable {}
public struct Circle: Shape { public init() {} }
public struct StrokeShapeView: Leaf {}
extension Shape {
    public func stroke<Style: ShapeStyle>(_ content: Style, lineWidth: CGFloat = 1) -> StrokeShapeView { stub() }
}
public struct Capsule: Shape { public init() {} }
public struct RoundedRectangle: Shape { public init(cornerRadius: CGFloat) {} }
public struct Font: Sendable {
    public static let largeTitle: Font = stub()
    public static let title: Font = stub()
    public static let title2: Font = stub()
    public static let title3: Font = stub()
    public static let headline: Font = stub()
    public static let body: Font = stub()
    public static let subheadline: Font = stub()
    public static let footnote: Font = stub()
    public func bold() -> Font { stub() }
}
public enum Edge {
    public struct Set: OptionSet, Sendable {
        public let rawValue: Int8
        public init(rawValue: Int8) { self.rawValue = rawValue }
        public static let all = Set(rawValue: 15)
        public static let horizontal = Set(rawValue: 10)
        public static let vertical = Set(rawValue: 5)
    }
}
public enum ColorScheme: Sendable { case light, dark }
public struct Animation: Equatable, Sendable {
    public static func easeInOut(duration: Double) -> Animation { stub() }
}
public struct SensoryFeedback: Equatable, Sendable {
    public static let success: SensoryFeedback = stub()
    public static let warning: SensoryFeedback = stub()
}
public struct PlainButtonStyle: Sendable {}
public protocol PrimitiveButtonStyle {}
extension PlainButtonStyle: PrimitiveButtonStyle {}
extension PrimitiveButtonStyle where Self == PlainButtonStyle {
    public static var plain: PlainButtonStyle { stub() }
}
public struct TextInputAutocapitalization: Sendable {
    public static var never: TextInputAutocapitalization { stub() }
}
public struct AccessibilityChildBehavior: Sendable {
    public static let ignore: Self = stub()
    public static let contain: Self = stub()
    public static let combine: Self = stub()
}
public struct AccessibilityTraits: Sendable { public static let isHeader: Self = stub() }

extension View {
    public func modifier<Modifier: ViewModifier>(_ modifier: Modifier) -> some View { self }
    public func environment<Object: Observable & AnyObject>(_ object: Object?) -> some View { self }
    public func navigationTitle(_ title: Text) -> some View { self }
    public func sheet<Content: View>(
        isPresented: Binding<Bool>, @ViewBuilder content: @escaping () -> Content
    ) -> some View { self }
    public func sheet<Item: Identifiable, Content: View>(
        item: Binding<Item?>, @ViewBuilder content: @escaping (Item) -> Content
    ) -> some View { self }
    public func onAppear(perform action: (@MainActor () -> Void)? = nil) -> some View { self }
    public func onChange<Value: Equatable>(
        of value: Value, initial: Bool = false, _ action: @escaping @MainActor (Value, Value) -> Void
    ) -> some View { self }
    public func task<Value: Equatable>(
        id value: Value, priority: TaskPriority = .userInitiated,
        @_inheritActorContext _ action: @escaping @Sendable () async -> Void
    ) -> some View { self }
    public func onOpenURL(perform action: @escaping @MainActor (URL) -> Void) -> some View { self }
    public func onTapGesture(perform action: @escaping @MainActor () -> Void) -> some View { self }
    public func animation<Value: Equatable>(_ animation: Animation?, value: Value) -> some View { self }
    public func sensoryFeedback<Trigger: Equatable>(
        trigger: Trigger, _ feedback: @escaping (Trigger, Trigger) -> SensoryFeedback?
    ) -> some View { self }
    public func font(_ font: Font?) -> some View { self }
    public func monospacedDigit() -> some View { self }
    public func multilineTextAlignment(_ alignment: TextAlignment) -> some View { self }
    public func foregroundStyle<Style: ShapeStyle>(_ style: Style) -> some View { self }
    public func tint<Style: ShapeStyle>(_ tint: Style?) -> some View { self }
    public func background<Style: ShapeStyle>(_ style: Style) -> some View { self }
    public func background<Style: ShapeStyle, S: Shape>(_ style: Style, in shape: S) -> some View { self }
    public func background<Content: View>(@ViewBuilder content: () -> Content) -> some View { self }
    public func opacity(_ opacity: Double) -> some View { self }
    public func padding(_ length: CGFloat) -> some View { self }
    public func padding(_ edges: Edge.Set = .all, _ length: CGFloat? = nil) -> some View { self }
    public func frame(width: CGFloat? = nil, height: CGFloat? = nil) -> some View { self }
    public func frame(
        minWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil,
        maxHeight: CGFloat? = nil, alignment: Alignment = .center
    ) -> some View { self }
    public func position(_ position: CGPoint) -> some View { self }
    public func ignoresSafeArea() -> some View { self }
    public func preferredColorScheme(_ colorScheme: ColorScheme?) -> some View { self }
    public func disabled(_ disabled: Bool) -> some View { self }
    public func tag<Value: Hashable>(_ tag: Value) -> some View { self }
    public func buttonStyle<Style: PrimitiveButtonStyle>(_ style: Style) -> some View { self }
    public func autocorrectionDisabled() -> some View { self }
    public func textInputAutocapitalization(_ autocapitalization: TextInputAutocapitalization?) -> some View { self }
    public func accessibilityLabel(_ label: Text) -> some View { self }
    public func accessibilityHint(_ hint: Text) -> some View { self }
    public func accessibilityHidden(_ hidden: Bool) -> some View { self }
    public func accessibilityElement(children: AccessibilityChildBehavior) -> some View { self }
    public func accessibilityAddTraits(_ traits: AccessibilityTraits) -> some View { self }
}

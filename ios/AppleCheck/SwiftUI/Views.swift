// Stands in for SwiftUI: views. Nothing is drawn.

@MainActor @preconcurrency public protocol View {
    associatedtype Body: View
    @ViewBuilder var body: Body { get }
}
extension Never: View {
    public var body: Never { return stub() }
}
@MainActor public protocol Leaf: View where Body == Never {}
extension Leaf {
    public var body: Never { return stub() }
}
@resultBuilder public enum ViewBuilder {
    public static func buildExpression<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock() -> EmptyView { stub() }
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<each Content: View>(
        _ content: repeat each Content
    ) -> TupleView<(repeat each Content)> { stub() }
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }
    public static func buildEither<First: View, Second: View>(
        first: First
    ) -> ConditionalContent<First, Second> { stub() }
    public static func buildEither<First: View, Second: View>(
        second: Second
    ) -> ConditionalContent<First, Second> { stub() }
}
extension Optional: View where Wrapped: View {
    public var body: Never { return stub() }
}
public struct EmptyView: Leaf { public init() {} }
public struct TupleView<Content>: Leaf {}
public struct ConditionalContent<First: View, Second: View>: Leaf {}

public struct Text: Leaf { public init(verbatim content: String) {} }
public struct Image: Leaf { public init(systemName: String) {} }
public struct Label<Title: View, Icon: View>: Leaf {
    public init(@ViewBuilder title: () -> Title, @ViewBuilder icon: () -> Icon) {}
}
public struct Button<Label: View>: Leaf {
    public init(action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Label) {}
}
public struct Toggle<Label: View>: Leaf {
    public init(isOn: Binding<Bool>, @ViewBuilder label: () -> Label) {}
}
public struct TextField<Label: View>: Leaf {}
extension TextField where Label == Text {
    public init<Title: StringProtocol>(_ title: Title, text: Binding<String>) {}
}
public struct Picker<Label: View, Selection: Hashable, Content: View>: Leaf {
    public init(
        selection: Binding<Selection>, @ViewBuilder content: () -> Content, @ViewBuilder label: () -> Label
    ) {}
}
public struct DisclosureGroup<Label: View, Content: View>: Leaf {
    public init(
        isExpanded: Binding<Bool>, @ViewBuilder content: @escaping () -> Content,
        @ViewBuilder label: () -> Label
    ) {}
}
public protocol Transferable {}
extension String: Transferable {}
public struct ShareLink<Label: View>: Leaf {
    public init(item: String, @ViewBuilder label: () -> Label) {}
}
public struct PasteButton: Leaf {
    public init<Payload: Transferable>(
        payloadType: Payload.Type, onPaste: @escaping @Sendable ([Payload]) -> Void
    ) {}
}

public struct Path {
    public init() {}
    public init(_ rect: CGRect) {}
    public mutating func addRect(_ rect: CGRect) {}
}
public struct GraphicsContext {
    public struct Shading { public static func color(_ color: Color) -> Shading { stub() } }
    public func fill(_ path: Path, with shading: Shading) {}
}
public struct Canvas: Leaf {
    public init(renderer: @escaping (inout GraphicsContext, CGSize) -> Void) {}
}
public struct Spacer: Leaf { public init(minLength: CGFloat? = nil) {} }
public struct VStack<Content: View>: Leaf {
    public init(
        alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) {}
}
public struct HStack<Content: View>: Leaf {
    public init(spacing: CGFloat? = nil, @ViewBuilder content: () -> Content) {}
}
public struct ZStack<Content: View>: Leaf { public init(@ViewBuilder content: () -> Content) {} }
public struct ScrollView<Content: View>: Leaf { public init(@ViewBuilder content: () -> Content) {} }
public struct ForEach<Data: RandomAccessCollection, ID: Hashable, Content: View>: Leaf {
    public init(
        _ data: Data, id: KeyPath<Data.Element, ID>,
        @ViewBuilder content: @escaping (Data.Element) -> Content
    ) {}
}
public struct NavigationStack<Root: View>: Leaf { public init(@ViewBuilder root: () -> Root) {} }
public struct GeometryProxy { public var size: CGSize { stub() } }
public struct GeometryReader<Content: View>: Leaf {
    public init(@ViewBuilder content: @escaping (GeometryProxy) -> Content) {}
}

@MainActor @preconcurrency public protocol UIViewRepresentable: View where Body == Never {
    associatedtype UIViewType: UIView
    associatedtype Coordinator = Void
    typealias Context = UIViewRepresentableContext<Self>
    func makeUIView(context: Context) -> UIViewType
    func updateUIView(_ uiView: UIViewType, context: Context)
    static func dismantleUIView(_ uiView: UIViewType, coordinator: Coordinator)
    func makeCoordinator() -> Coordinator
}
extension UIViewRepresentable {
    public var body: Never { return stub() }
    public static func dismantleUIView(_ uiView: UIViewType, coordinator: Coordinator) {}
}
extension UIViewRepresentable where Coordinator == Void {
    public func makeCoordinator() {}
}
@MainActor public struct UIViewRepresentableContext<Representable: UIViewRepresentable> {
    public var coordinator: Representable.Coordinator { stub() }
}
@MainActor @preconcurrency public protocol ViewModifier {
    associatedtype Body: View
    typealias Content = ViewModifierContent
    @ViewBuilder func body(content: Content) -> Body
}
public struct ViewModifierContent: Leaf {}

// Stands in for PhotosUI.
import Foundation
import SwiftUI

private func stub<Value>(_ what: String = #function) -> Value { fatalError("nothing is behind \(what)") }

public struct PHPickerFilter: Equatable, Sendable {
    public static let images: PHPickerFilter = stub()
}
public struct PhotosPickerItem: Equatable, Hashable, Sendable {
    public func loadTransferable(type: Data.Type) async throws -> Data? { stub() }
}
public struct PhotosPicker<Label: View>: Leaf {
    public init(
        selection: Binding<PhotosPickerItem?>, matching filter: PHPickerFilter?,
        @ViewBuilder label: () -> Label
    ) {}
}

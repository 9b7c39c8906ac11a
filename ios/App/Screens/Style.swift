import ManyhandsCore
import SwiftUI
import UIKit

/// Colours and sizes of the design, light and dark.
@MainActor
enum Style {
    static let background = both(0xFFFFFF, 0x0E1413)
    static let surface = both(0xF3F6F5, 0x182120)
    static let raised = both(0xE4EAE8, 0x25302E)
    static let text = both(0x14201E, 0xEDF2F0)
    static let text2 = both(0x4A5754, 0xB3C0BC)
    static let accent = both(0x0B6B62, 0x6ADBCB)
    static let onAccent = both(0xFFFFFF, 0x00332D)
    static let live = both(0xC4161C, 0xC4161C)
    static let good = both(0x17682B, 0x7FD98F)
    static let fair = both(0x7A4B00, 0xFFC46B)
    static let poor = both(0xB3151B, 0xFFB0A8)
    /// Text and icons never stand on the bare picture.
    static let overPicture = Color.black.opacity(0.72)

    static let target: CGFloat = 48
    static let main: CGFloat = 56
    static let margin: CGFloat = 16
    static let gap: CGFloat = 8
    static let corner: CGFloat = 12
    static let widestText: CGFloat = 640

    private static func both(_ light: UInt32, _ dark: UInt32) -> Color {
        Color(uiColor: UIColor { $0.userInterfaceStyle == .dark ? color(dark) : color(light) })
    }

    private nonisolated static func color(_ rgb: UInt32) -> UIColor {
        func part(_ shift: UInt32) -> CGFloat { CGFloat(rgb >> shift & 0xFF) / 255 }
        return UIColor(red: part(16), green: part(8), blue: part(0), alpha: 1)
    }
}

/// Health is told by colour, word and shape.
@MainActor
enum HealthStyle {
    static func colour(_ level: HealthLevel) -> Color {
        switch level {
        case .ready: .white
        case .good: Style.good
        case .fair: Style.fair
        case .poor, .lost: Style.poor
        }
    }

    static func icon(_ level: HealthLevel) -> String {
        switch level {
        case .ready: "circle"
        case .good: "checkmark.circle"
        case .fair: "exclamationmark.triangle"
        case .poor: "exclamationmark.octagon"
        case .lost: "circle.slash"
        }
    }
}

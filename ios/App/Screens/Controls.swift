import ManyhandsKit
import SwiftUI

/// The main button of a screen: as wide as it goes, 56 high.
struct MainButton: View {
    let title: String
    var icon: String?
    var colour = Style.accent
    var onColour = Style.onAccent
    let action: @MainActor () -> Void

    var body: some View {
        Button(action: action) {
            HStack(spacing: Style.gap) {
                if let icon { Image(systemName: icon).accessibilityHidden(true) }
                Text(verbatim: title).font(.headline).multilineTextAlignment(.center)
            }
            .frame(maxWidth: .infinity, minHeight: Style.main)
            .foregroundStyle(onColour)
            .background(colour, in: RoundedRectangle(cornerRadius: Style.corner))
        }
        .buttonStyle(.plain)
    }
}

/// A button beside the main one.
struct SecondButton: View {
    let title: String
    var colour = Style.text
    let action: @MainActor () -> Void

    var body: some View {
        Button(action: action) {
            Text(verbatim: title).font(.headline).multilineTextAlignment(.center)
                .frame(maxWidth: .infinity, minHeight: Style.main)
                .foregroundStyle(colour)
                .background(Style.raised, in: RoundedRectangle(cornerRadius: Style.corner))
        }
        .buttonStyle(.plain)
    }
}

/// An icon over a picture, with the words that it is spoken as.
struct IconButton: View {
    let icon: String
    let spoken: String
    let action: @MainActor () -> Void

    var body: some View {
        Button(action: action) {
            Image(systemName: icon).font(.title3)
                .frame(width: Style.target, height: Style.target)
                .foregroundStyle(.white)
                .background(Style.overPicture, in: Circle())
        }
        .buttonStyle(.plain)
        .accessibilityLabel(Text(verbatim: spoken))
    }
}

/// Words with an icon before them; digits keep their width.
struct IconText: View {
    let text: String
    let icon: String

    var body: some View {
        Label {
            Text(verbatim: text).monospacedDigit()
        } icon: {
            Image(systemName: icon)
        }
    }
}

/// Words over a picture.
struct Pill<Content: View>: View {
    var colour = Style.overPicture
    @ViewBuilder let content: Content

    var body: some View {
        content
            .font(.subheadline)
            .foregroundStyle(.white)
            .padding(.horizontal, 12)
            .padding(.vertical, 6)
            .background(colour, in: Capsule())
    }
}

/// A notice over the picture or on a page, with its buttons.
struct NoticeCard: View {
    @Environment(AppModel.self) private var app
    let notice: Notice
    let act: @MainActor (Notice.Action) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            if !notice.title.isEmpty {
                Label {
                    Text(verbatim: notice.title).font(.headline)
                } icon: {
                    Image(systemName: icon)
                }
            }
            if !notice.text.isEmpty { Text(verbatim: notice.text).font(.body) }
            ForEach(notice.actions, id: \.rawValue) { action in
                SecondButton(title: app.words(action.word)) { act(action) }
            }
        }
        .padding(Style.margin)
        .frame(maxWidth: Style.widestText, alignment: .leading)
        .foregroundStyle(.white)
        .background(Style.overPicture, in: RoundedRectangle(cornerRadius: Style.corner))
        .accessibilityElement(children: .contain)
    }

    private var icon: String {
        switch notice.level {
        case .plain: "info.circle"
        case .fair: "exclamationmark.triangle"
        case .poor: "exclamationmark.octagon"
        }
    }
}

/// Lending a hand in one row: its switch, its state, and the way to its sheet.
struct HandRow: View {
    @Environment(AppModel.self) private var app
    let isOn: Bool
    let state: String
    let spoken: String
    let lend: @MainActor (Bool) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            Toggle(isOn: Binding(get: { isOn }, set: lend)) {
                Label {
                    Text(verbatim: app.words(.hand)).font(.body)
                } icon: {
                    Image(systemName: "hand.raised")
                }
            }
            .frame(minHeight: Style.main)
            .accessibilityLabel(Text(verbatim: spoken))
            Button {
                app.show(.lending)
            } label: {
                HStack {
                    Text(verbatim: state).font(.subheadline).foregroundStyle(Style.text2)
                    Spacer()
                    Text(verbatim: app.words(.whyAndHowMuch)).font(.subheadline)
                }
                .frame(minHeight: Style.target)
            }
            .buttonStyle(.plain)
        }
        .tint(Style.accent)
    }
}

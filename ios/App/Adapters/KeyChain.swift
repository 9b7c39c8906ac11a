import Foundation
import ManyhandsKit
import Security

/// The system's key chain, for this device only: no backup and no other device gets it.
struct KeyChain: Keeping {
    struct Refused: Error {
        let status: OSStatus
    }

    func read(_ name: String) -> Data? {
        let query = item(name)
        query[kSecReturnData as NSString] = NSNumber(value: true)
        var found: CFTypeRef?
        guard SecItemCopyMatching(query as CFDictionary, &found) == errSecSuccess else { return nil }
        return found as? Data
    }

    func write(_ name: String, _ data: Data?) throws {
        let query = item(name)
        let deleted = SecItemDelete(query as CFDictionary)
        guard deleted == errSecSuccess || deleted == errSecItemNotFound else {
            throw Refused(status: deleted)
        }
        guard let data else { return }
        query[kSecValueData as NSString] = data
        // Once unlocked after a start: a broadcast that goes on behind the lock still reads it.
        query[kSecAttrAccessible as NSString] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let added = SecItemAdd(query as CFDictionary, nil)
        guard added == errSecSuccess else { throw Refused(status: added) }
    }

    private func item(_ name: String) -> NSMutableDictionary {
        let item = NSMutableDictionary()
        item[kSecClass as NSString] = kSecClassGenericPassword
        item[kSecAttrService as NSString] = "app.manyhands"
        item[kSecAttrAccount as NSString] = name
        return item
    }
}

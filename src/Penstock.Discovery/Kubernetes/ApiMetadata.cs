// SPDX-License-Identifier: Apache-2.0
using System.Text.Json;

namespace Penstock.Discovery.Kubernetes;

/// <summary>What is needed of an object's metadata.</summary>
/// <param name="Name">Name; empty where the object is a bookmark.</param>
/// <param name="Version">resourceVersion.</param>
/// <param name="Zone">Label topology.kubernetes.io/zone; empty: none.</param>
/// <param name="IsExcluded">Whether it has the label node.kubernetes.io/exclude-from-external-load-balancers.</param>
/// <param name="IsGoing">Whether it is being deleted.</param>
internal sealed record ApiMetadata(string Name, string Version, string Zone, bool IsExcluded, bool IsGoing)
{
    /// <summary>For an object that has said nothing yet.</summary>
    public static readonly ApiMetadata None = new("", "", "", IsExcluded: false, IsGoing: false);

    private const int NameLength = 253; // RFC 1123, as names of objects are

    /// <summary>Reads the value of a property metadata.</summary>
    public static ApiMetadata Read(ref Utf8JsonReader reader)
    {
        var found = None;
        if (!JsonTokens.InnerObject(ref reader, "metadata"))
            return found;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("name"u8))
                found = found with { Name = JsonTokens.TextOrNull(ref reader, "metadata.name") ?? "" };
            else if (reader.ValueTextEquals("resourceVersion"u8))
                found = found with { Version = JsonTokens.TextOrNull(ref reader, "metadata.resourceVersion") ?? "" };
            else if (reader.ValueTextEquals("deletionTimestamp"u8))
                found = found with { IsGoing = JsonTokens.TextOrNull(ref reader, "metadata.deletionTimestamp") is not null };
            else if (reader.ValueTextEquals("labels"u8))
                found = ReadLabels(ref reader, found);
            else
                JsonTokens.Skip(ref reader);
        }

        return found.Name.Length <= NameLength ? found : throw new InvalidDataException($"metadata.name of more than {NameLength} characters");
    }

    /// <summary>The same, of an object that has to have a name.</summary>
    public ApiMetadata Named() => Name.Length > 0 ? this : throw new InvalidDataException("an object without a name");

    private static ApiMetadata ReadLabels(ref Utf8JsonReader reader, ApiMetadata found)
    {
        if (!JsonTokens.InnerObject(ref reader, "metadata.labels"))
            return found;
        while (JsonTokens.Property(ref reader))
        {
            if (reader.ValueTextEquals("topology.kubernetes.io/zone"u8))
            {
                found = found with { Zone = JsonTokens.TextOrNull(ref reader, "metadata.labels") ?? "" };
            }
            else if (reader.ValueTextEquals("node.kubernetes.io/exclude-from-external-load-balancers"u8))
            {
                JsonTokens.Skip(ref reader);
                found = found with { IsExcluded = true };
            }
            else
            {
                JsonTokens.Skip(ref reader);
            }
        }

        return found;
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>
/// A JSON body written as YAML. A mapping with the keys <c>$repeat</c> and <c>$item</c> becomes a list whose items each draw
/// fresh feed rows. Unquoted numbers, true, false and null keep their JSON type.
/// </summary>
sealed class BodyTemplate
{
    readonly List<Action<FlowVariables, StringBuilder>> _writers = [];
    readonly HashSet<string> _names = [];
    readonly StringBuilder _literal = new();

    /// <summary>The names that the body uses.</summary>
    public IEnumerable<string> Names => _names;

    public bool IsLiteral => _names.Count == 0;

    public static BodyTemplate FromText(string text)
    {
        var body = new BodyTemplate();
        body.Append(Template.Parse(text, Escaping.None));
        return body.Flush();
    }

    public static BodyTemplate FromJson(YamlNode node, NodeReader reader)
    {
        var body = new BodyTemplate();
        body.Write(node, reader);
        return body.Flush();
    }

    public byte[] Render(FlowVariables variables)
    {
        var text = new StringBuilder(256);
        foreach (var writer in _writers)
        {
            writer(variables, text);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    BodyTemplate Flush()
    {
        if (_literal.Length > 0)
        {
            var literal = _literal.ToString();
            _writers.Add((_, text) => text.Append(literal));
            _literal.Clear();
        }

        return this;
    }

    void Append(Template template)
    {
        Flush();
        _names.UnionWith(template.Names);
        _writers.Add(template.Render);
    }

    void Write(YamlNode node, NodeReader reader)
    {
        switch (node)
        {
            case YamlMappingNode mapping when mapping.Children.Keys.OfType<YamlScalarNode>().Any(k => k.Value == "$repeat"):
                Repeat(mapping, reader);
                break;
            case YamlMappingNode mapping:
                _literal.Append('{');
                var first = true;
                foreach (var (key, value) in mapping.Children)
                {
                    _literal.Append(first ? "" : ",").Append(JsonSerializer.Serialize(((YamlScalarNode)key).Value!, TextJson.Default.String)).Append(':');
                    first = false;
                    Write(value, reader);
                }

                _literal.Append('}');
                break;
            case YamlSequenceNode sequence:
                _literal.Append('[');
                for (var i = 0; i < sequence.Children.Count; i++)
                {
                    _literal.Append(i == 0 ? "" : ",");
                    Write(sequence.Children[i], reader);
                }

                _literal.Append(']');
                break;
            case YamlScalarNode scalar:
                Scalar(scalar);
                break;
        }
    }

    void Repeat(YamlMappingNode mapping, NodeReader reader)
    {
        var entries = reader.Mapping(mapping, "repeated item", "$repeat", "$item");
        var times = reader.Whole(entries.GetValueOrDefault("$repeat"), "$repeat", 1, 10_000) ?? 1;
        if (!entries.TryGetValue("$item", out var itemNode))
        {
            reader.Mistake(mapping, "$repeat has no $item; add the item that is repeated");
            return;
        }

        var item = FromJson(itemNode, reader);
        _names.UnionWith(item._names);
        Flush();
        _writers.Add((variables, text) =>
        {
            text.Append('[');
            for (var i = 0; i < times; i++)
            {
                text.Append(i == 0 ? "" : ",");
                variables.DrawAgain();
                foreach (var writer in item._writers)
                {
                    writer(variables, text);
                }
            }

            text.Append(']');
        });
    }

    void Scalar(YamlScalarNode scalar)
    {
        var value = scalar.Value ?? "";
        var plain = scalar.Style is ScalarStyle.Plain or ScalarStyle.Any;
        if (plain && (value is "true" or "false" or "null" || double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && !(value.Length > 1 && value[0] == '0' && value[1] != '.') && value[0] != '+'))
        {
            _literal.Append(value);
            return;
        }

        var template = Template.Parse(JsonSerializer.Serialize(value, TextJson.Default.String)[1..^1], Escaping.Json);
        var raw = value.StartsWith("${", StringComparison.Ordinal) && value.EndsWith(":raw}", StringComparison.Ordinal);
        _literal.Append(raw ? "" : "\"");
        if (template.IsLiteral)
        {
            template.Render(FlowVariables.None, _literal);
        }
        else
        {
            Append(template);
        }

        _literal.Append(raw ? "" : "\"");
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
sealed partial class TextJson : System.Text.Json.Serialization.JsonSerializerContext;

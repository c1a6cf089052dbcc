package io.dpq.eval;

import java.awt.Graphics2D;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.batik.svggen.DefaultStyleHandler;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Turns what is drawn by Java's means into SVG that stands in a page and takes the page's colours (see {@link Ink}), by Apache
 * Batik. Stateless.
 */
final class SvgCanvas {
    private static final Logger LOG = LoggerFactory.getLogger(SvgCanvas.class);

    /** Digits after the point: a hundredth of a pixel shows nowhere. */
    private static final int PRECISION = 2;

    private SvgCanvas() {}

    /**
     * A drawing; empty where this machine cannot draw, for instance because it has no fonts: figures that took hours must not be
     * lost for a picture.
     *
     * @param width in pixels at which it is meant to be seen; a page may scale it
     * @param height in the same pixels
     * @param label for those who cannot see it
     */
    static String draw(final int width, final int height, final String label, final Consumer<Graphics2D> painter) {
        try {
            final Document document =
                    DocumentBuilderFactory.newInstance().newDocumentBuilder().newDocument();
            final SVGGeneratorContext context = SVGGeneratorContext.createDefault(document);
            context.setPrecision(PRECISION);
            context.setComment(null);
            context.setStyleHandler(new PageStyles());
            final SVGGraphics2D graphics = new SVGGraphics2D(context, false);
            painter.accept(graphics);
            final Element root = graphics.getRoot();
            root.setAttribute("viewBox", "0 0 " + width + " " + height);
            root.setAttribute("role", "img");
            root.setAttribute("aria-label", label);
            removeClips(root);
            return text(root);
        } catch (ParserConfigurationException | TransformerException e) {
            throw new IllegalStateException("The JDK's own XML cannot write a drawing.", e);
        } catch (RuntimeException | LinkageError | InternalError e) {
            LOG.warn("The report goes without the drawing '{}': {}", label, e.toString());
            return "";
        }
    }

    /** Lines stay within their frame as they are; what would cut them off is named alike in every drawing of a page. */
    private static void removeClips(final Node node) {
        for (Node child = node.getFirstChild(); child != null; ) {
            final Node next = child.getNextSibling();
            if ("defs".equals(child.getLocalName()) || child.getNodeType() == Node.COMMENT_NODE) {
                node.removeChild(child);
            } else {
                removeClips(child);
            }
            child = next;
        }
    }

    private static String text(final Element root) throws TransformerException {
        final Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        final StringWriter text = new StringWriter();
        transformer.transform(new DOMSource(root), new StreamResult(text));
        // Within HTML the name space goes without saying.
        return text.toString().replaceAll(" xmlns(:\\w+)?=\"[^\"]*\"", "");
    }

    /** Writes the few styles that a drawing needs, in the page's colours. */
    private static final class PageStyles extends DefaultStyleHandler {
        private static final Set<String> KEPT = Set.of(
                "fill",
                "fill-opacity",
                "stroke",
                "stroke-width",
                "stroke-linecap",
                "stroke-linejoin",
                "stroke-dasharray");

        @Override
        @SuppressWarnings("rawtypes") // As Batik declares it.
        public void setStyle(final Element element, final Map styles, final SVGGeneratorContext context) {
            final Map<String, String> kept = new HashMap<>();
            for (final Object style : styles.entrySet()) {
                final Map.Entry<?, ?> entry = (Map.Entry<?, ?>) style;
                final String name = entry.getKey().toString();
                if (KEPT.contains(name)) {
                    final Ink ink = Ink.ofSvg(entry.getValue().toString());
                    kept.put(name, ink == null ? entry.getValue().toString() : "var(--" + ink.style() + ")");
                }
            }
            super.setStyle(element, kept, context);
        }
    }
}

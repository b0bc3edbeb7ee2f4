//! Test aid: where the renderer puts each text of an SVG.

use resvg::tiny_skia::Rect;
use resvg::usvg::{Group, Node, TextChunk};

/// Each text of the page with its box, and the box of the page.
pub fn text_boxes(svg: &str) -> (Vec<(String, Rect)>, Rect) {
    let tree = super::render::parse(svg).unwrap();
    let mut boxes = Vec::new();
    collect(tree.root(), &mut boxes);
    let page = Rect::from_xywh(0.0, 0.0, tree.size().width(), tree.size().height()).unwrap();
    (boxes, page)
}

fn collect(group: &Group, boxes: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(group) => collect(group, boxes),
            Node::Text(text) => {
                let content = text.chunks().iter().map(TextChunk::text).collect();
                boxes.push((content, text.abs_bounding_box()));
            }
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}
